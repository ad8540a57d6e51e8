// ReplicaSets and ReplicationControllers: as many pods as they ask for.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_replica_set_controller();
std::unique_ptr<client::Controller> make_replication_controller();

}  // namespace plinth::workloads
