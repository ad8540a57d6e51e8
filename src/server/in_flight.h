// A bound on requests that are worked on at the same time.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace plinth::server {

class InFlight {
 public:
  explicit InFlight(std::size_t max) : max_(max) {}

  // A place, given back when the last copy goes away; null when all are taken. Any thread.
  std::shared_ptr<void> enter() {
    if (count_.fetch_add(1) >= max_) {
      count_.fetch_sub(1);
      return nullptr;
    }
    return std::shared_ptr<void>(this, [](void* self) { static_cast<InFlight*>(self)->count_.fetch_sub(1); });
  }
  std::size_t count() const { return count_.load(); }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace plinth::server
