// What happens to containers, told by the runtime: containerd's own events, else the CRI's, else by asking often. For .cpp
// files of cri only.
#pragma once

#include <functional>
#include <memory>

#include "base/world.h"
#include "net/grpc/grpc.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

class EventWatch {
 public:
  virtual ~EventWatch() = default;
};

// Tells kMissed first, after each gap, and every half minute in any case. `pod_uid` of events is left empty.
std::unique_ptr<EventWatch> watch_events(net::GrpcChannel& channel, Loop& loop, std::function<void(node::RuntimeEvent)> tell);

// For tests: containerd's envelope as an event; nothing when it tells of something else.
bool read_containerd_event(std::string_view envelope, node::RuntimeEvent& event);

}  // namespace plinth::cri
