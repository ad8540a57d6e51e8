// Virtual time and loops of a simulated world: all loops run on the caller's thread, in an order that the seed decides.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "world_sim/sim_random.h"

namespace plinth::world_sim {

// Time moves only when the scheduler moves it.
class SimClock final : public Clock {
 public:
  // 2026-01-01T00:00:00Z: a fixed start, so that runs of one seed print the same times.
  static constexpr std::int64_t kStartNs = 1'767'225'600'000'000'000;

  std::int64_t wall_ns() const override { return kStartNs + elapsed_ns_ + wall_offset_ns_; }
  std::int64_t monotonic_ns() const override { return elapsed_ns_; }
  // A step of the wall clock (an operator, NTP); monotonic time does not notice.
  void step_wall(Duration by) { wall_offset_ns_ += by.count(); }

 private:
  friend class SimScheduler;
  std::int64_t elapsed_ns_ = 0;
  std::int64_t wall_offset_ns_ = 0;
};

enum class TaskOrder : std::uint8_t {
  kRoundRobin,  // loops with work take turns
  kShuffled,    // the seed picks which loop runs next; each loop still runs its own tasks in order
};

class SimLoop;

// Not thread-safe: everything of one simulated world happens on one thread.
class SimScheduler {
 public:
  SimScheduler(std::uint64_t seed, TaskOrder order) : random_(seed), order_(order) {}
  // Drops all tasks and timers without running them.
  ~SimScheduler();
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  SimClock& clock() { return clock_; }
  // A loop that lives as long as the scheduler.
  SimLoop& new_loop(std::string name);

  // Tasks that one call of the functions below may run; more is taken for a livelock.
  static constexpr std::uint64_t kTasksMax = 50'000'000;

  // Runs everything that is ready now; time stands still. False when kTasksMax was reached.
  bool run_until_idle();
  // Runs tasks and timers until that much virtual time has passed. False as above.
  bool run_for(Duration duration);
  // Runs until `done` is true, moving time on as needed; false when `limit` of virtual time passes first.
  bool run_until(const std::function<bool()>& done, Duration limit);
  // One task, or else the next timer's time. False when there is neither.
  bool step();

  // Forgets all tasks and timers, as when the process is killed. Loops stay usable.
  void discard();
  std::uint64_t tasks_run() const { return tasks_run_; }

 private:
  friend class SimLoop;
  struct TimerKey {
    std::int64_t due_ns;
    TimerId id;  // in order of making: equal times fire in that order
    friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
  };
  struct Timer {
    SimLoop* loop;
    Task task;
  };

  enum class Outcome : std::uint8_t { kDone, kTimeUp, kLivelock };

  Outcome run(const std::function<bool()>& done, std::int64_t end_ns);
  bool run_one();
  SimLoop* pick();
  // Moves time to the next timer at or before `limit_ns` and makes the timers of that time ready.
  bool advance(std::int64_t limit_ns);

  SimClock clock_;
  SimRandom random_;
  TaskOrder order_;
  std::vector<std::unique_ptr<SimLoop>> loops_;
  std::map<TimerKey, Timer> timers_;
  std::map<TimerId, std::int64_t> due_;
  TimerId next_timer_ = 1;
  std::size_t turn_ = 0;
  std::uint64_t tasks_run_ = 0;
  SimLoop* running_ = nullptr;
};

class SimLoop final : public Loop {
 public:
  SimLoop(SimScheduler& scheduler, std::string name) : scheduler_(scheduler), name_(std::move(name)) {}

  void post(Task task) override { ready_.push_back({0, std::move(task)}); }
  TimerId after(Duration delay, Task task) override;
  void cancel(TimerId timer) override;
  bool in_loop() const override { return scheduler_.running_ == this; }
  const std::string& name() const { return name_; }

 private:
  friend class SimScheduler;
  struct Ready {
    TimerId timer;  // 0 for posted tasks
    Task task;
  };
  SimScheduler& scheduler_;
  std::string name_;
  std::deque<Ready> ready_;
};

}  // namespace plinth::world_sim
