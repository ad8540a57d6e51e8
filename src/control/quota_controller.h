// status.hard and status.used of ResourceQuotas: what the namespace's objects use, counted anew whenever one of them may have
// changed it.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_quota_controller();

}  // namespace plinth::control
