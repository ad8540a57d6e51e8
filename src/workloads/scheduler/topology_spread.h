// Spreading pods evenly over the domains that a label of nodes makes.
#pragma once

#include "workloads/scheduler/node_room.h"
#include "workloads/scheduler/verdict.h"

namespace plinth::workloads {

class TopologySpread {
 public:
  TopologySpread(const PodFacts& pod, const std::vector<NodeRoom>& nodes);
  // Constraints that must hold.
  Verdict check(const NodeRoom& room) const;
  // How many matching pods are where the node is, over the constraints that should hold; the fewer the better.
  std::int64_t crowd(const NodeRoom& room) const;

 private:
  using Counts = std::map<std::string, std::int64_t>;  // matching pods by value of the label
  struct State {
    const SpreadConstraint* constraint;
    Counts domains;
  };
  bool is_eligible(const SpreadConstraint& constraint, const NodeRoom& room) const;

  const PodFacts& pod_;
  std::vector<State> states_;
};

}  // namespace plinth::workloads
