// Threads for work that may block.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/world.h"

namespace plinth::world_real {

// Threads start on first use, up to `threads_max`. The destructor waits for running tasks and drops waiting ones.
class ThreadPool final : public Pool {
 public:
  ThreadPool(std::size_t threads_max, std::size_t queue_max);
  ~ThreadPool() override;
  Result<void> run(Task task) override;

 private:
  void work();

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Task> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace plinth::world_real
