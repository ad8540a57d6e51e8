// Where a volume may be made: the topology segments of nodes that a driver runs on.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/cache.h"
#include "workloads/csi/csi_calls.h"

namespace plinth::workloads {

struct TopologyRequirement {
  std::vector<CsiTopology> requisite, preferred;
};

// `selected_node` "": of all nodes; else that one's segment comes first in `preferred`. An error when the node is not there,
// does not run the driver, or is not among the allowed topologies.
Result<TopologyRequirement> topology_requirement(const client::View& view, const std::string& driver,
                                                 const Value& allowed_topologies, std::string_view selected_node);

// Those of all nodes that run the driver, each once, in order.
std::vector<CsiTopology> segments_of_driver(const client::View& view, const std::string& driver);

// spec.nodeAffinity of a volume that is accessible there; null for none.
Value volume_node_affinity(Draft& draft, const std::vector<CsiTopology>& topology);

}  // namespace plinth::workloads
