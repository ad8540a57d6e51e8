// The bridge to which a runtime of somebody else ties its pods, as its CNI configuration has it.
#pragma once

#include <string>
#include <string_view>

#include "base/world.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

struct PodBridge {
  std::string name;     // of the link: "cni0"
  std::string range;    // addresses of pods, IPv4: "10.88.0.0/16"
  std::string gateway;  // of the bridge itself; "": the first address of the range
  bool routed = false;  // pods have a default route by it
};

// Of `cniconfig` in the verbose status of containerd. MethodNotAllowed for a network of another kind, or one whose addresses
// are given out by somebody who is not asked here; the message says which.
Result<PodBridge> read_pod_bridge(std::string_view cni_config);

// From the runtime at `address` ("unix:/run/containerd/containerd.sock"). Once, on `loop`; everything outlives the answer.
void ask_pod_bridge(Loop& loop, Network& network, Clock& clock, const std::string& address, node::Done<PodBridge> done);

}  // namespace plinth::cri
