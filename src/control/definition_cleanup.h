// Ends CustomResourceDefinitions: their instances are deleted before they go.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_definition_cleanup();

}  // namespace plinth::control
