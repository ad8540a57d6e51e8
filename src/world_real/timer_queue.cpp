#include "world_real/timer_queue.h"

#include <algorithm>

namespace plinth::world_real {
namespace {

// Cancelled entries are swept once they outnumber the live ones by this much.
constexpr std::size_t kCancelledEntriesMax = 1024;

}  // namespace

bool TimerQueue::later(const Entry& a, const Entry& b) {
  return a.deadline_ns != b.deadline_ns ? a.deadline_ns > b.deadline_ns : a.id > b.id;
}

TimerId TimerQueue::add(std::int64_t deadline_ns, Task task) {
  const TimerId id = ++last_id_;
  tasks_.emplace(id, std::move(task));
  heap_.push_back({deadline_ns, id});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return id;
}

void TimerQueue::cancel(TimerId timer) {
  auto found = tasks_.find(timer);
  if (found == tasks_.end()) return;
  const Task dying = std::move(found->second);  // its captures may cancel other timers when they die
  tasks_.erase(found);
  if (heap_.size() > 2 * tasks_.size() + kCancelledEntriesMax) compact();
}

void TimerQueue::compact() {
  std::erase_if(heap_, [this](const Entry& entry) { return tasks_.count(entry.id) == 0; });
  std::make_heap(heap_.begin(), heap_.end(), later);
}

void TimerQueue::drop_cancelled() {
  while (!heap_.empty() && tasks_.count(heap_.front().id) == 0) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
}

Task TimerQueue::take_due(std::int64_t now_ns) {
  drop_cancelled();
  if (heap_.empty() || heap_.front().deadline_ns > now_ns) return {};
  auto found = tasks_.find(heap_.front().id);
  Task task = std::move(found->second);
  tasks_.erase(found);
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
  return task;
}

std::optional<std::int64_t> TimerQueue::next_deadline_ns() {
  drop_cancelled();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline_ns;
}

void TimerQueue::clear() {
  heap_.clear();
  while (!tasks_.empty()) {
    auto dying = std::move(tasks_);
    tasks_.clear();
  }
}

}  // namespace plinth::world_real
