// One pod against all nodes: where it fits, why it does not, and which node is best.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/cache.h"
#include "workloads/scheduler/node_room.h"
#include "workloads/scheduler/pod_affinity.h"
#include "workloads/scheduler/topology_spread.h"
#include "workloads/scheduler/verdict.h"
#include "workloads/scheduler/volume_fit.h"

namespace plinth::workloads {

class PodFit {
 public:
  PodFit(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes,
         const std::vector<PodFactsPtr>& pods);

  // Why it fits on no node whatever is on it; "" when that depends on the node.
  const std::string& problem() const { return volumes_.problem(); }
  Verdict check(const NodeRoom& room) const;
  // The same as if other pods were on that one node.
  Verdict check_changed(const NodeRoom& changed) const;
  const VolumeFit& volumes() const { return volumes_; }
  // The best of the nodes that fit (indices), by kube-scheduler's weights for what is looked at: spread (2), affinity to nodes
  // (2) and pods (2), tainted less (3), least allocated (1). Equal ones: the first by name.
  std::size_t best(const std::vector<std::size_t>& fitting) const;

 private:
  const client::View& view_;
  const PodFacts& pod_;
  const std::vector<NodeRoom>& nodes_;
  const VolumeFit volumes_;
  const PodAffinity affinity_;
  const TopologySpread spread_;
};

}  // namespace plinth::workloads
