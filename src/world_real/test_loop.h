// For tests: drives a loop until something holds, or gives up.
#pragma once

#include <chrono>

#include "world_real/epoll_loop.h"

namespace plinth::world_real {

// True when `condition` came to hold; false after `limit` (a failure, never a way to wait).
template <typename Condition>
bool poll_until(EpollLoop& loop, Condition condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.poll(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace plinth::world_real
