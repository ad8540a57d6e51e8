// Managed fields across the scale subresource: a Scale shows who owns its parent's replicas, and a write to it is tracked
// there.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "api/managed_fields.h"

namespace plinth::api {

// Where a version of the parent keeps its replicas; no names: nowhere.
struct ReplicasPath {
  std::string_view api_version;
  std::vector<std::string_view> names;  // {"spec", "replicas"}
};

// The parent's entries as those of its Scale (autoscaling/v1): the ones that own the replicas, as owners of spec.replicas.
ManagedFields managers_of_scale(const ManagedFields& parent, std::span<const ReplicasPath> paths);

// The parent's entries after a write to its Scale left `scale`: who lost spec.replicas there loses the replicas here, who has
// them now gets them in `api_version`. Entries of unknown versions are dropped.
ManagedFields managers_of_parent(const ManagedFields& parent, const ManagedFields& scale, std::span<const ReplicasPath> paths,
                                 std::string_view api_version);

}  // namespace plinth::api
