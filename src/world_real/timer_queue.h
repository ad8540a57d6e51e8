// Timers of one loop, ordered by deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/world.h"

namespace plinth::world_real {

// A binary heap with lazy deletion; timers of equal deadline run in the order they were added. Not thread-safe.
class TimerQueue {
 public:
  TimerId add(std::int64_t deadline_ns, Task task);
  void cancel(TimerId timer);
  // The task of the earliest timer that is due; empty when none is.
  Task take_due(std::int64_t now_ns);
  std::optional<std::int64_t> next_deadline_ns();
  std::size_t size() const { return tasks_.size(); }
  void clear();

 private:
  struct Entry {
    std::int64_t deadline_ns;
    TimerId id;
  };
  static bool later(const Entry& a, const Entry& b);
  void drop_cancelled();
  void compact();

  std::vector<Entry> heap_;
  std::unordered_map<TimerId, Task> tasks_;
  TimerId last_id_ = 0;
};

}  // namespace plinth::world_real
