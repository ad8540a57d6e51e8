// Deployments: a ReplicaSet for each template, rolled from one to the next.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_deployment_controller();

}  // namespace plinth::workloads
