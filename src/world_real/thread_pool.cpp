#include "world_real/thread_pool.h"

#include <fmt/core.h>

namespace plinth::world_real {

ThreadPool::ThreadPool(std::size_t threads_max, std::size_t queue_max) : threads_max_(threads_max), queue_max_(queue_max) {}

ThreadPool::~ThreadPool() {
  std::deque<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<void> ThreadPool::run(Task task) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= queue_max_) {
    return Error(Reason::kServiceUnavailable,
                 fmt::format("{} tasks already wait for a thread; try again later", queue_.size()));
  }
  queue_.push_back(std::move(task));
  if (idle_ < queue_.size() && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
  return {};
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace plinth::world_real
