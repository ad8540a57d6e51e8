#include "workloads/scheduler/topology_spread.h"

#include <algorithm>

#include "workloads/common/node_selection.h"

namespace plinth::workloads {

TopologySpread::TopologySpread(const PodFacts& pod, const std::vector<NodeRoom>& nodes) : pod_(pod) {
  for (const SpreadConstraint& constraint : pod.spread) {
    State state{&constraint, {}};
    for (const NodeRoom& room : nodes) {
      const auto value = room.label(constraint.topology_key);
      if (!value || !is_eligible(constraint, room)) continue;
      std::int64_t& count = state.domains[std::string(*value)];
      for (const PodFactsPtr& other : room.pods) {
        const bool counts = other->object.name_space == pod.object.name_space && !other->deleting;
        if (counts && constraint.selector.matches(other->labels)) ++count;
      }
    }
    states_.push_back(std::move(state));
  }
}

// A node without every key of the constraints of its strength is no part of any domain.
bool TopologySpread::is_eligible(const SpreadConstraint& constraint, const NodeRoom& room) const {
  for (const SpreadConstraint& other : pod_.spread) {
    if (other.hard == constraint.hard && !room.label(other.topology_key)) return false;
  }
  if (constraint.honors_affinity && !matches_required_nodes(pod_.spec(), room.node)) return false;
  return !constraint.honors_taints ||
         untolerated_taint(pod_.spec()["tolerations"], room.node["spec"]["taints"], true, true).is_null();
}

Verdict TopologySpread::check(const NodeRoom& room) const {
  for (const State& state : states_) {
    const SpreadConstraint& constraint = *state.constraint;
    if (!constraint.hard) continue;
    const auto value = room.label(constraint.topology_key);
    if (!value)
      return Verdict::refuse_for_good("node(s) didn't match pod topology spread constraints (missing required label)");
    std::int64_t least = INT64_MAX;
    for (const auto& [domain, count] : state.domains) least = std::min(least, count);
    if (state.domains.empty() || static_cast<std::int64_t>(state.domains.size()) < constraint.min_domains) least = 0;
    const auto here = state.domains.find(std::string(*value));
    const std::int64_t self = constraint.selector.matches(pod_.labels) ? 1 : 0;
    const std::int64_t skew = (here == state.domains.end() ? 0 : here->second) + self - least;
    if (skew > constraint.max_skew) return Verdict::refuse("node(s) didn't match pod topology spread constraints");
  }
  return Verdict::ok();
}

std::int64_t TopologySpread::crowd(const NodeRoom& room) const {
  std::int64_t out = 0;
  for (const State& state : states_) {
    const auto value = room.label(state.constraint->topology_key);
    if (state.constraint->hard || !value) continue;
    const auto here = state.domains.find(std::string(*value));
    if (here != state.domains.end()) out += here->second;
  }
  return out;
}

}  // namespace plinth::workloads
