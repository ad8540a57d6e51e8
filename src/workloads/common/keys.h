// Keys of objects, as the queues of controllers hold them.
#pragma once

#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

// Adds the keys of all objects of a kind.
void add_all_keys(const client::View& view, const client::Resource& resource, std::vector<std::string>& keys);

}  // namespace plinth::workloads
