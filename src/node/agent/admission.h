// Whether the node takes a pod that was bound to it. The scheduler has looked at all of it already; a pod may come without one.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/resource_amounts.h"
#include "node/pod/observed.h"

namespace plinth::node {

// `others`: pods that have a place on the node. Why it is refused, as the kubelet says it.
std::optional<Verdict> check_admission(const Pod& pod, const std::vector<std::shared_ptr<const Pod>>& others,
                                       const api::ResourceAmounts& allocatable, const Value& node_labels);

}  // namespace plinth::node
