// How many pods those who made them want: what a percentage of a budget is of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/cache.h"

namespace plinth::workloads {

struct ExpectedPods {
  std::int64_t count = 0;     // the sum of the scales of the pods' controllers
  std::size_t unmanaged = 0;  // pods that nobody controls
};
// Deployments, ReplicaSets, ReplicationControllers, StatefulSets, and custom resources with a scale subresource. An error when
// a pod's controller has no scale.
Result<ExpectedPods> expected_pods(const client::View& view, const std::vector<client::Object>& pods);

// "30%" or a number, of `total`; rounded up.
std::int64_t scaled_value(const Value& number_or_percent, std::int64_t total);

}  // namespace plinth::workloads
