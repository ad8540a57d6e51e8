// VolumeSnapshots and their contents: kinds, marks, and what they say about each other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

inline constexpr std::string_view kSnapshotGroup = "snapshot.storage.k8s.io";
// Marks of a VolumeSnapshotContent. The first while the driver may be taking the snapshot.
inline constexpr std::string_view kBeingCreated = "snapshot.storage.kubernetes.io/volumesnapshot-being-created";
inline constexpr std::string_view kBeingDeleted = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted";
inline constexpr std::string_view kDeletionSecretName = "snapshot.storage.kubernetes.io/deletion-secret-name";
inline constexpr std::string_view kDeletionSecretNamespace = "snapshot.storage.kubernetes.io/deletion-secret-namespace";
inline constexpr std::string_view kContentFinalizer = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";
// Of a VolumeSnapshot: while it has a content, while a claim is made of it.
inline constexpr std::string_view kBoundFinalizer = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";
inline constexpr std::string_view kSourceFinalizer = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection";
// Of a claim while a snapshot is taken of it.
inline constexpr std::string_view kClaimFinalizer = "snapshot.storage.kubernetes.io/pvc-as-source-protection";
inline constexpr std::string_view kDefaultClass = "snapshot.storage.kubernetes.io/is-default-class";

client::Resource snapshots_resource();
client::Resource contents_resource();
client::Resource snapshot_classes_resource();

// "snapcontent-<uid>" for one that is taken; the content that it names for one that is there.
std::string content_name(const client::Object& snapshot);
// The content means this snapshot: by name, and by uid if it has one.
bool means(const client::Object& content, const client::Object& snapshot);

}  // namespace plinth::workloads
