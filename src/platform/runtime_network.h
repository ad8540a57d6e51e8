// The network of the pods of a runtime that is somebody else's (`--cri-socket`): the bridge where they meet this machine.
#pragma once

#include <string>
#include <vector>

#include "base/world.h"
#include "network/services/service_proxy.h"

namespace plinth::platform {

struct RuntimeNetwork {
  std::string bridge;   // "cni0"
  std::string range;    // of pods: "10.88.0.0/16"
  std::string gateway;  // the bridge's own address: "10.88.0.1"
  bool routed = true;   // pods have a default route by it, as far as anybody tells
};

// As the runtime's CNI configuration has it. MethodNotAllowed where it is none that the platform can serve; ServiceUnavailable
// where no runtime answers. Blocks.
Result<RuntimeNetwork> ask_runtime_network(const std::string& socket);
// The bridge of this machine that has `gateway`. BadRequest where none has.
Result<RuntimeNetwork> runtime_network_at(const std::string& gateway);

// What the platform found there and changes: kept in `folder`, so that `plinth down` leaves the bridge as it was.
Result<void> remember_bridge(Disk& disk, const std::string& folder, const RuntimeNetwork& network);
struct RememberedBridge {
  std::string name;
  network::BridgeBefore before;
};
// Nothing where none was remembered.
Result<std::optional<RememberedBridge>> remembered_bridge(Disk& disk, const std::string& folder);
Result<void> forget_bridge(Disk& disk, const std::string& folder);

}  // namespace plinth::platform
