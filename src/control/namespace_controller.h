// Ends namespaces: everything in them is deleted, then they are finalized; what is waited for stands in their conditions.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_namespace_controller();

}  // namespace plinth::control
