#include "world_sim/sim_scheduler.h"

#include <algorithm>
#include <limits>

namespace plinth::world_sim {

SimScheduler::~SimScheduler() { discard(); }

SimLoop& SimScheduler::new_loop(std::string name) {
  loops_.push_back(std::make_unique<SimLoop>(*this, std::move(name)));
  return *loops_.back();
}

SimLoop* SimScheduler::pick() {
  std::size_t ready = 0;
  for (const auto& loop : loops_) ready += loop->ready_.empty() ? 0 : 1;
  if (ready == 0) return nullptr;
  if (order_ == TaskOrder::kShuffled) {
    std::uint64_t skip = random_.below(ready);
    for (const auto& loop : loops_) {
      if (!loop->ready_.empty() && skip-- == 0) return loop.get();
    }
  }
  while (loops_[turn_ % loops_.size()]->ready_.empty()) ++turn_;
  return loops_[turn_++ % loops_.size()].get();
}

bool SimScheduler::run_one() {
  SimLoop* loop = pick();
  if (loop == nullptr) return false;
  Task task = std::move(loop->ready_.front().task);
  loop->ready_.pop_front();
  ++tasks_run_;
  // Nested where a task itself runs the scheduler, as tests of blocking code do.
  SimLoop* outer = std::exchange(running_, loop);
  task();
  task = nullptr;  // captures end on the loop
  running_ = outer;
  return true;
}

bool SimScheduler::advance(std::int64_t limit_ns) {
  if (timers_.empty() || timers_.begin()->first.due_ns > limit_ns) return false;
  clock_.elapsed_ns_ = std::max(clock_.elapsed_ns_, timers_.begin()->first.due_ns);
  while (!timers_.empty() && timers_.begin()->first.due_ns <= clock_.elapsed_ns_) {
    auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().id);
    node.mapped().loop->ready_.push_back({node.key().id, std::move(node.mapped().task)});
  }
  return true;
}

bool SimScheduler::run_until_idle() {
  for (std::uint64_t n = 0; n < kTasksMax; ++n) {
    if (!run_one() && !advance(clock_.elapsed_ns_)) return true;
  }
  return false;
}

SimScheduler::Outcome SimScheduler::run(const std::function<bool()>& done, std::int64_t end_ns) {
  for (std::uint64_t n = 0; n < kTasksMax; ++n) {
    if (done()) return Outcome::kDone;
    if (run_one() || advance(end_ns)) continue;
    clock_.elapsed_ns_ = std::max(clock_.elapsed_ns_, end_ns);
    return Outcome::kTimeUp;
  }
  return Outcome::kLivelock;
}

bool SimScheduler::run_for(Duration duration) {
  return run([] { return false; }, clock_.elapsed_ns_ + duration.count()) == Outcome::kTimeUp;
}

bool SimScheduler::run_until(const std::function<bool()>& done, Duration limit) {
  return run(done, clock_.elapsed_ns_ + limit.count()) == Outcome::kDone;
}

bool SimScheduler::step() { return run_one() || advance(std::numeric_limits<std::int64_t>::max()); }

void SimScheduler::discard() {
  // Destroying a task may post, cancel or start others; what comes up meanwhile is dropped too.
  bool again = true;
  while (again) {
    auto timers = std::exchange(timers_, {});
    due_.clear();
    again = !timers.empty();
    for (const auto& loop : loops_) {
      auto ready = std::exchange(loop->ready_, {});
      again = again || !ready.empty();
    }
  }
}

TimerId SimLoop::after(Duration delay, Task task) {
  TimerId id = scheduler_.next_timer_++;
  std::int64_t due_ns = scheduler_.clock_.monotonic_ns() + std::max<std::int64_t>(delay.count(), 0);
  scheduler_.due_[id] = due_ns;
  scheduler_.timers_.emplace(SimScheduler::TimerKey{due_ns, id}, SimScheduler::Timer{this, std::move(task)});
  return id;
}

void SimLoop::cancel(TimerId timer) {
  auto due = scheduler_.due_.find(timer);
  if (due != scheduler_.due_.end()) {
    // Taken out first: destroying the task may cancel or start timers.
    auto node = scheduler_.timers_.extract({due->second, timer});
    scheduler_.due_.erase(due);
    return;
  }
  // Due but not run yet: it must not run any more.
  auto found = std::find_if(ready_.begin(), ready_.end(), [&](const Ready& r) { return timer != 0 && r.timer == timer; });
  if (found == ready_.end()) return;
  Task dropped = std::move(found->task);
  ready_.erase(found);
}

}  // namespace plinth::world_sim
