// A pool for work that does not block after all, because its files are in memory: the loop itself.
#pragma once

#include "base/world.h"

namespace plinth::node {

class LoopPool final : public Pool {
 public:
  explicit LoopPool(Loop& loop) : loop_(loop) {}
  Result<void> run(Task task) override {
    loop_.post(std::move(task));
    return {};
  }

 private:
  Loop& loop_;
};

}  // namespace plinth::node
