// What a node measured last, in the two forms that clients read it: the kubelet's summary (stats/v1alpha1) and Prometheus text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/resource_usage.h"
#include "node/agent/usage_meter.h"
#include "node/volumes/volume_usage.h"

namespace plinth::node {

// A claim's volume in a pod.
struct MeasuredVolume {
  std::string name_space, pod, pod_uid, volume, claim;
  std::int64_t at_ns = 0;
  VolumeUsage usage;
};

struct NodeStats {
  std::string node;
  RunningContainers running;
  std::shared_ptr<const Measured> measured;  // null: nothing yet
  api::UsageTablePtr usage;                  // rates; null as above
  std::vector<MeasuredVolume> volumes;
};

// /stats/summary
std::string stats_summary(const NodeStats& stats);
// /metrics/resource: processor time and memory of the node, of pods and of containers
std::string resource_metrics_text(const NodeStats& stats);
// /metrics: what runs, and the claims' volumes
std::string node_metrics_text(const NodeStats& stats);

}  // namespace plinth::node
