// A Loop over epoll(7).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/world.h"
#include "world_real/timer_queue.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Something with a file descriptor that the loop watches.
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  // `events` are EPOLL* bits; 0 when called because of EpollLoop::schedule(). May destroy itself or other handlers.
  virtual void on_io(std::uint32_t events) = 0;

 private:
  friend class EpollLoop;
  bool scheduled_ = false;
};

// One thread's loop. Until run() is called, the creating thread counts as the loop's thread; after run() returned (and its
// thread was joined), any one thread may take apart what the loop served. Handlers, streams and listeners
// must be gone before the loop is destroyed; tasks and timers that did not run are destroyed with it.
class EpollLoop final : public Loop {
 public:
  static Result<std::unique_ptr<EpollLoop>> create();
  ~EpollLoop() override;

  // Serves until stop(); tasks posted before stop() by the same thread have run by then.
  void run();
  // From any thread, also before run(), which then returns at once.
  void stop();
  // One round: waits at most `wait` for something to do, then does it. For tests and programs with a loop of their own.
  void poll(Duration wait);

  void post(Task task) override;
  TimerId after(Duration delay, Task task) override;
  void cancel(TimerId timer) override;
  bool in_loop() const override;

  // Below: on the loop's thread only.
  Result<void> add(int fd, std::uint32_t events, IoHandler* handler);
  // No event of `fd` reaches `handler` after this.
  void remove(int fd, IoHandler* handler);
  // Calls handler->on_io(0) later in this or the next round; once, however often it is asked for.
  void schedule(IoHandler* handler);
  void unschedule(IoHandler* handler);
  // Shared by the readers of this loop, so that idle connections hold no buffer.
  std::span<char> read_buffer() { return read_buffer_; }

 private:
  explicit EpollLoop(UniqueFd epoll, UniqueFd wake);
  bool may_touch() const { return in_loop() || !running_.load(std::memory_order_relaxed); }
  void wake();
  void poll_once(std::int64_t wait_ns);
  int wait_ms(std::int64_t wait_ns);
  void dispatch(int count);
  void run_timers();
  void run_scheduled();
  void run_tasks();
  bool has_work() const;

  static constexpr int kEventsPerRound = 256;
  static constexpr int kTimersPerRound = 1024;
  static constexpr int kTaskPassesPerRound = 4;
  static constexpr std::size_t kReadBufferBytes = 64 * 1024;

  UniqueFd epoll_;
  UniqueFd wake_;
  std::atomic<std::thread::id> owner_;
  std::atomic<bool> running_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> wake_pending_{false};  // one eventfd write per round, however many tasks are posted

  std::mutex mutex_;
  std::vector<Task> shared_tasks_;  // guarded by mutex_

  std::vector<Task> local_tasks_;  // posted by the loop's own thread
  std::vector<IoHandler*> scheduled_;
  std::vector<IoHandler*> scheduled_now_;
  std::vector<struct ReadyEvent> ready_;
  TimerQueue timers_;
  std::vector<char> read_buffer_;
};

}  // namespace plinth::world_real
