// The condition Dangling of FlowSchemas: whether the priority level that they name is missing.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_flow_schemas();

}  // namespace plinth::control
