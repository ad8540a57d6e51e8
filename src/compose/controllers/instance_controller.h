// Instances of all defined kinds become their children.
#pragma once

#include <memory>

#include "client/controller.h"
#include "compose/controllers/definitions.h"

namespace plinth::compose {

std::unique_ptr<client::Controller> make_instance_controller(std::shared_ptr<Definitions> definitions);

}  // namespace plinth::compose
