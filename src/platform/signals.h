// SIGTERM and SIGINT as events of a loop.
#pragma once

#include <memory>

#include "base/function.h"
#include "base/result.h"

namespace plinth::world_real {
class EpollLoop;
}

namespace plinth::platform {

class EndSignals {
 public:
  // Blocked from here on for this thread and those that it starts.
  static Result<std::unique_ptr<EndSignals>> open();
  virtual ~EndSignals() = default;
  // On the loop: `on_signal` runs for each signal.
  virtual Result<void> watch(world_real::EpollLoop& loop, Task on_signal) = 0;
  virtual void unwatch() = 0;
};

}  // namespace plinth::platform
