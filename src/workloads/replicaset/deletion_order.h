// Which pods a controller deletes first when there are too many of them.
#pragma once

#include <cstdint>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

// The `count` pods of `pods` that are missed least. `related` are the pods that count as company on a node.
std::vector<client::Object> pods_to_delete(const std::vector<client::Object>& pods, const std::vector<client::Object>& related,
                                           std::size_t count, std::int64_t now_ns);

}  // namespace plinth::workloads
