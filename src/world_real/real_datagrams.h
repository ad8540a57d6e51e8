// UDP sockets on epoll loops.
#pragma once

#include "base/datagrams.h"

namespace plinth::world_real {

class RealDatagrams final : public Datagrams {
 public:
  // `loop` must be an EpollLoop.
  Result<std::unique_ptr<DatagramSocket>> bind(Loop& loop, const std::string& address, Received received) override;
};

}  // namespace plinth::world_real
