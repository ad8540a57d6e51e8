// The controllers of workloads, and what decides where their pods run and how they are found.
#pragma once

#include <memory>
#include <vector>

#include "api/resource_usage.h"
#include "client/controller.h"

namespace plinth::workloads {

// One line for each controller. They belong to a platform that runs pods; a bare control plane leaves them out.
// `usage` (outlives them) is what autoscalers read; null: nothing is measured.
std::vector<std::unique_ptr<client::Controller>> make_workload_controllers(const api::UsageBoard* usage);

}  // namespace plinth::workloads
