// Events are kept for an hour.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

inline constexpr std::int64_t kEventSeconds = 3600;
std::unique_ptr<client::Controller> make_event_expiry();

}  // namespace plinth::control
