// What decides where pods run, how they are found, which volumes they get, and what becomes of them when a node fails.
#pragma once

#include <memory>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

void add_cluster_controllers(std::vector<std::unique_ptr<client::Controller>>& controllers);

}  // namespace plinth::workloads
