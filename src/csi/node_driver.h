// A storage driver as the node uses it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "csi/csi_client.h"

namespace plinth::csi {

struct NodeDriver {
  std::shared_ptr<CsiClient> client;
  std::shared_ptr<const DriverFacts> facts;  // what it said of itself
};

// By the name that CSINode has; nothing while no driver of that name has answered.
using FindDriver = std::function<std::optional<NodeDriver>(std::string_view name)>;

}  // namespace plinth::csi
