// The driver on its sockets: calls arrive on a loop, run on a pool, are answered on the loop.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "csi_driver/context.h"

namespace plinth::csi_driver {

// Answers a call to the end; any thread that may wait. UNIMPLEMENTED for methods that the driver does not have.
struct CallReply {
  int code = 0;  // of gRPC
  std::string error;
  std::string message;
};
CallReply answer(Context& context, const std::string& path, const std::string& message);

// Outlives the calls that its pool runs: drain() comes first.
class DriverServer {
 public:
  virtual ~DriverServer() = default;
  // Takes no more calls; `done` runs on the loop when those under way are answered.
  virtual void drain(Task done) = 0;
};

struct ServerParts {
  Loop* loop = nullptr;
  Network* network = nullptr;
  Clock* clock = nullptr;
  Pool* pool = nullptr;
};
// `endpoint` serves the driver; `registration` ("" for none) tells a node where it is. Both are "unix:/path".
Result<std::unique_ptr<DriverServer>> serve_driver(ServerParts parts, Context& context, const std::string& endpoint,
                                                   const std::string& registration);

}  // namespace plinth::csi_driver
