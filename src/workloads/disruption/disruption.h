// PodDisruptionBudgets: how many pods of each may be evicted now. The evictions themselves are charged by the API.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_disruption_controller();

}  // namespace plinth::workloads
