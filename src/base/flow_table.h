// Flows that the kernel remembers with their translations (connection tracking).
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"

namespace plinth {

// Of UDP over IPv4.
struct UdpFlow {
  std::string to;           // "10.96.0.7:53": what its first packet was sent to
  std::string answered_by;  // "10.244.0.5:5353": who answers
};

class FlowTable {
 public:
  virtual ~FlowTable() = default;
  // Forgets flows: their next packets are looked at anew. Returns how many. Blocks for as long as it takes to read all: not for
  // loops.
  virtual Result<std::size_t> forget_udp(const std::function<bool(const UdpFlow&)>& stale) = 0;
};

}  // namespace plinth
