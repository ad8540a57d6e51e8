// Pods that want to be near, or far from, other pods.
#pragma once

#include "workloads/scheduler/node_room.h"
#include "workloads/scheduler/verdict.h"

namespace plinth::workloads {

bool term_selects(const client::View& view, const AffinityTerm& term, const PodFacts& pod);

// Required affinity and anti-affinity of the pod, and the anti-affinity of those that are there.
class PodAffinity {
 public:
  PodAffinity(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes);
  Verdict check(const NodeRoom& room) const;

 private:
  using Domains = std::map<std::pair<std::string, std::string>, std::int64_t>;  // key and value of a label: pods there
  bool affinity_holds(const NodeRoom& room) const;
  bool near(const Domains& domains, const NodeRoom& room, const std::string& key) const;

  const PodFacts& pod_;
  bool first_of_its_kind_ = false;  // nobody matches its affinity anywhere, but it does itself
  Domains affinity_, anti_affinity_, existing_anti_affinity_;
};

// Preferred terms, of the pod and of those that are there: a sum of weights for the node; the more the better.
std::int64_t affinity_score(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes,
                            const NodeRoom& room);

}  // namespace plinth::workloads
