// What one node says about one pod, without looking at other nodes or volumes.
#pragma once

#include "workloads/scheduler/node_room.h"
#include "workloads/scheduler/verdict.h"

namespace plinth::workloads {

// spec.unschedulable, name, taints, node affinity, host ports, resources; the first that refuses is told.
Verdict check_node(const PodFacts& pod, const NodeRoom& room);

}  // namespace plinth::workloads
