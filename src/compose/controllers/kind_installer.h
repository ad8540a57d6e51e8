// Keeps the CRDs of the kinds of composition as they should be.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::compose {

std::unique_ptr<client::Controller> make_kind_installer();

}  // namespace plinth::compose
