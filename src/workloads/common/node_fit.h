// Whether a pod may be on a node: selectors, affinity and taints, as the scheduler's filters decide them.
#pragma once

#include <functional>
#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

// spec.nodeSelector, and the required terms of spec.affinity.nodeAffinity.
bool matches_node(const Value& pod_spec, const client::Object& node);

bool tolerates(const Value& tolerations, const Value& taint);
// The first taint with one of these effects that is not tolerated; null when there is none.
Value untolerated_taint(const client::Object& node, const Value& tolerations,
                        const std::function<bool(std::string_view effect)>& counts);

}  // namespace plinth::workloads
