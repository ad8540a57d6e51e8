// What a pod's environment and volumes tell about the pod itself: fieldRef and resourceFieldRef.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/resource_amounts.h"
#include "base/result.h"
#include "base/value.h"
#include "node/pod/pod.h"

namespace plinth::node {

// What is known outside of the pod's object.
struct DownwardFacts {
  std::vector<std::string> pod_ips, node_ips;
  std::string node_name;
  api::ResourceAmounts allocatable;  // of the node: what an unset limit means
};

// "metadata.labels['app']", "status.podIP". Of whole labels and annotations (volumes only): lines of key="escaped value".
// BadRequest for a path that is not offered.
Result<std::string> field_value(const Pod& pod, std::string_view path, const DownwardFacts& facts);
// Rounded up to whole divisors.
Result<std::string> resource_value(const PodContainer& container, const Value& resource_field_ref, const DownwardFacts& facts);

}  // namespace plinth::node
