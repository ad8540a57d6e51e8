// What becomes of pods whose nodes are silent, tainted or gone.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

// Nodes that do not report any more: conditions Unknown, taints for conditions, their pods not ready.
std::unique_ptr<client::Controller> make_node_lifecycle();
// Ends pods that do not tolerate a NoExecute taint of their node (any longer).
std::unique_ptr<client::Controller> make_taint_eviction();
// Removes pods that nobody will: of nodes that are gone, deleted before they had a node, terminal ones past a number.
std::unique_ptr<client::Controller> make_pod_garbage_collector();

}  // namespace plinth::workloads
