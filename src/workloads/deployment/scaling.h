// How many pods each ReplicaSet of a Deployment is to have next: decisions on numbers, written to ReplicaSet::wanted.
#pragma once

#include "workloads/deployment/replica_sets.h"

namespace plinth::workloads {

// Whether spec.replicas has changed since the sizes of the ReplicaSets were set.
bool is_scaling_event(const DeploymentSpec& spec, ReplicaSets& sets);
// The Deployment has another size, or is paused: the sizes follow, in proportion while a rollout is under way.
void scale_in_proportion(const DeploymentSpec& spec, std::int64_t status_replicas, ReplicaSets& sets);
// The size that the current one gets when it is made, or next: within what the surge allows.
std::int64_t next_size(const DeploymentSpec& spec, ReplicaSets& sets);
// One turn of a rolling update: up, or else down. `sets.current` is there.
void roll(const DeploymentSpec& spec, ReplicaSets& sets);

}  // namespace plinth::workloads
