// Gives pods their nodes, through the binding subresource, and says on each pod that waits why it does.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

// Pods of other schedulerNames are left alone, and those with scheduling gates wait.
std::unique_ptr<client::Controller> make_scheduler();

}  // namespace plinth::workloads
