// What of a pod only its node can serve. Declared here, filled by a node at assembly; a server without a node answers 503.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/exchange.h"

namespace plinth::server {

// pods/log, checked: the pod is bound to a node and has the container.
struct PodLogQuery {
  std::string name_space, pod, container;
  bool follow = false, previous = false, timestamps = false;
  std::optional<std::int64_t> since_ns;     // wall time
  std::optional<std::uint64_t> tail_lines, limit_bytes;
  std::optional<bool> error_output;         // only standard error, or only standard output
};

// Called on the exchange's loop; answered there.
class NodeSlots {
 public:
  virtual ~NodeSlots() = default;
  virtual void serve_log(PodLogQuery query, ExchangePtr exchange) = 0;
};

}  // namespace plinth::server
