// Making room for a pod by ending others of lower priority.
#pragma once

#include <string>
#include <vector>

#include "workloads/scheduler/fit.h"

namespace plinth::workloads {

struct Preemption {
  std::string node;  // "": nothing helps
  std::vector<PodFactsPtr> victims;
  std::string why_not;  // for the end of the message, "preemption: ..."; "" when it may help, or is under way
};

// `verdicts` are those of the nodes, in their order. Of several nodes the one with the fewest broken disruption budgets is
// taken, then the least important victims, then the fewest.
Preemption preempt(const client::View& view, const PodFacts& pod, const PodFit& fit, const std::vector<NodeRoom>& nodes,
                   const std::vector<Verdict>& verdicts);

}  // namespace plinth::workloads
