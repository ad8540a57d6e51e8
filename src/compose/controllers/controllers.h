// The controllers of composition, over any cluster.
#pragma once

#include <memory>
#include <vector>

#include "client/controller.h"

namespace plinth::compose {

// In the order in which they are to be added: kinds (when they are to be installed), definitions, instances. They share what they
// know of definitions.
std::vector<std::unique_ptr<client::Controller>> make_composition_controllers(bool install_kinds = true);

}  // namespace plinth::compose
