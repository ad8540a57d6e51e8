// The annotation in which kubectl's client-side apply keeps its last configuration, where server-side apply meets it.
#pragma once

#include <string_view>

#include "api/apply.h"
#include "api/ownership.h"

namespace plinth::api {

inline constexpr std::string_view kLastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
// The manager whose applies take over from client-side apply.
inline constexpr std::string_view kClientSideApplier = "kubectl";

// The conflicts that are none: fields that the live object still has as client-side apply wrote them. Returns those that
// remain.
OwnershipConflicts conflicts_beyond_last_applied(const ApplyInput& input, const OwnershipConflicts& conflicts);

// The object with the annotation brought up to date from the applied configuration, if it has one.
Document with_last_applied(const Document& object, const Document& config);

}  // namespace plinth::api
