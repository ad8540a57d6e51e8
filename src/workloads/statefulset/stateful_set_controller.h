// StatefulSets: pods with names and claims of their own, in order.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_stateful_set_controller();

}  // namespace plinth::workloads
