// The taints that conditions of a node bring about.
#pragma once

#include "client/object.h"

namespace plinth::workloads {

inline constexpr std::string_view kNotReadyTaint = "node.kubernetes.io/not-ready";
inline constexpr std::string_view kUnreachableTaint = "node.kubernetes.io/unreachable";

// spec.taints as they should be; those of others stay. `execute`: pods are to be evicted from a node that is not ready, which
// is not done when no node is.
Value wanted_taints(Draft& draft, const client::Object& node, bool execute, std::int64_t wall_ns);
// Both lists hold the same taints, the times they were added left aside.
bool same_taints(const Value& a, const Value& b);

}  // namespace plinth::workloads
