// DaemonSets: a pod on every node that should have one.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_daemon_set_controller();

}  // namespace plinth::workloads
