// Rollouts: which instances a revision of their definition reaches next, and where that stands.
#pragma once

#include <memory>

#include "client/controller.h"
#include "compose/controllers/definitions.h"

namespace plinth::compose {

std::unique_ptr<client::Controller> make_rollout_controller(std::shared_ptr<Definitions> definitions);

}  // namespace plinth::compose
