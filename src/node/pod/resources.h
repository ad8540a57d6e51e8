// Requests and limits as the kernel takes them.
#pragma once

#include "node/pod/pod.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

constexpr std::int64_t kCpuPeriodUs = 100'000;

std::int64_t cpu_shares(std::int64_t milli_cpu);
std::int64_t cpu_quota_us(std::int64_t milli_cpu);
// -997 for Guaranteed and node-critical pods, 1000 for BestEffort, by the share of the node's memory for others.
std::int64_t oom_score_adj(const Pod& pod, const PodContainer& container, std::int64_t memory_capacity_bytes);
LinuxResources container_resources(const Pod& pod, const PodContainer& container, std::int64_t memory_capacity_bytes,
                                   bool swap_limit);
// Of all containers together, for the pod's own cgroup.
LinuxResources pod_resources(const Pod& pod);

}  // namespace plinth::node
