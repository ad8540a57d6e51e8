// The garbage collector: dependents whose owners are gone are deleted; foreground and orphan deletions are carried out.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_garbage_collector();

}  // namespace plinth::control
