// ClusterRoles with an aggregationRule: their rules are those of the roles that it selects.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_role_aggregation();

}  // namespace plinth::control
