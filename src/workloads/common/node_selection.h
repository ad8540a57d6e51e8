// Which nodes a selector of nodes means, and which taints a pod puts up with.
#pragma once

#include <string_view>

#include "base/value.h"
#include "client/object.h"

namespace plinth::workloads {

// A NodeSelector (`nodeSelectorTerms`: one must match). Null matches every node; no terms match none.
bool matches_node_selector(const Value& selector, const client::Object& node);
// One NodeSelectorTerm; an empty one matches nothing.
bool matches_node_term(const Value& term, const client::Object& node);
// Pod's nodeSelector and required node affinity.
bool matches_required_nodes(const Value& pod_spec, const client::Object& node);
// TopologySelectorTerms (of a StorageClass); none match every node.
bool matches_topology_terms(const Value& terms, const client::Object& node);

bool tolerates(const Value& tolerations, const Value& taint);
// The first taint with one of the effects that is not tolerated; null when there is none.
Value untolerated_taint(const Value& tolerations, const Value& taints, bool no_schedule, bool no_execute);

}  // namespace plinth::workloads
