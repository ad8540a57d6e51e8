// Names of the labels, annotations, finalizers and field managers that composition leaves on objects. They are kro's, so that
// what kro made and what Plinth made look the same.
#pragma once

#include <string_view>

namespace plinth::compose {

inline constexpr std::string_view kKroGroup = "kro.run";
inline constexpr std::string_view kKroVersion = "v0.9.3";  // of the behaviour that the labels announce
inline constexpr std::string_view kFinalizer = "kro.run/finalizer";

inline constexpr std::string_view kOwnedLabel = "kro.run/owned";
inline constexpr std::string_view kVersionLabel = "kro.run/kro-version";
inline constexpr std::string_view kDefinitionIdLabel = "kro.run/resource-graph-definition-id";
inline constexpr std::string_view kDefinitionNameLabel = "kro.run/resource-graph-definition-name";
inline constexpr std::string_view kDefinitionNamespaceLabel = "kro.run/resource-graph-definition-namespace";
inline constexpr std::string_view kRevisionHashLabel = "kro.run/graph-revision-hash";
inline constexpr std::string_view kNodeIdLabel = "kro.run/node-id";
inline constexpr std::string_view kCollectionIndexLabel = "kro.run/collection-index";
inline constexpr std::string_view kCollectionSizeLabel = "kro.run/collection-size";
inline constexpr std::string_view kInstanceIdLabel = "kro.run/instance-id";
inline constexpr std::string_view kInstanceNameLabel = "kro.run/instance-name";
inline constexpr std::string_view kInstanceNamespaceLabel = "kro.run/instance-namespace";
inline constexpr std::string_view kInstanceGroupLabel = "kro.run/instance-group";
inline constexpr std::string_view kInstanceVersionLabel = "kro.run/instance-version";
inline constexpr std::string_view kInstanceKindLabel = "kro.run/instance-kind";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedByKro = "kro";
inline constexpr std::string_view kReservedPrefixes[] = {"kro.run/", "internal.kro.run/"};

inline constexpr std::string_view kPartOfLabel = "applyset.kubernetes.io/part-of";
inline constexpr std::string_view kSetIdLabel = "applyset.kubernetes.io/id";
inline constexpr std::string_view kSetToolingAnnotation = "applyset.kubernetes.io/tooling";
inline constexpr std::string_view kSetKindsAnnotation = "applyset.kubernetes.io/contains-group-kinds";
inline constexpr std::string_view kSetNamespacesAnnotation = "applyset.kubernetes.io/additional-namespaces";
inline constexpr std::string_view kSetHashAnnotation = "internal.kro.run/applyset-inventory-hash";
inline constexpr std::string_view kApplyOrderAnnotation = "internal.kro.run/apply-order";

// Ours: that the owner reference was set. Where the mark is left without the reference, the child was orphaned.
inline constexpr std::string_view kOwnerMarkAnnotation = "internal.plinth.dev/owner";
inline constexpr std::string_view kOwnerMarkPrefix = "internal.plinth.dev/";

// Ours: the revision that a rollout moved an instance to.
inline constexpr std::string_view kGraphRevisionAnnotation = "plinth.dev/graph-revision";

inline constexpr std::string_view kAllowBreakingAnnotation = "kro.run/allow-breaking-changes";
inline constexpr std::string_view kReconcileAnnotation = "kro.run/reconcile";

inline constexpr std::string_view kChildManager = "kro.run/applyset";
inline constexpr std::string_view kLabelManager = "kro.run/labeller";
inline constexpr std::string_view kParentManager = "kro.run/applyset-parent";

}  // namespace plinth::compose
