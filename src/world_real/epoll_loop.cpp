#include "world_real/epoll_loop.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "world_real/posix_error.h"

namespace plinth::world_real {

struct ReadyEvent {
  IoHandler* handler;
  std::uint32_t events;
};

namespace {

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Result<std::unique_ptr<EpollLoop>> EpollLoop::create() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return posix_error("epoll_create1", errno);
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return posix_error("eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: the counter need not be read back
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) return posix_error("epoll_ctl", errno);
  return std::unique_ptr<EpollLoop>(new EpollLoop(std::move(epoll), std::move(wake)));
}

EpollLoop::EpollLoop(UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), owner_(std::this_thread::get_id()), read_buffer_(kReadBufferBytes) {}

EpollLoop::~EpollLoop() {
  owner_ = std::this_thread::get_id();
  timers_.clear();
  // Dying captures may post; what they post dies too.
  for (bool more = true; more;) {
    std::vector<Task> dying = std::move(local_tasks_);
    local_tasks_.clear();
    {
      const std::lock_guard lock(mutex_);
      std::move(shared_tasks_.begin(), shared_tasks_.end(), std::back_inserter(dying));
      shared_tasks_.clear();
    }
    more = !dying.empty();
  }
}

bool EpollLoop::in_loop() const { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

void EpollLoop::post(Task task) {
  // Before run() the creating thread may post while the loop's own thread is about to begin: only a loop that runs has tasks
  // which one thread alone touches.
  if (running_.load(std::memory_order_acquire) && in_loop()) {
    local_tasks_.push_back(std::move(task));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    shared_tasks_.push_back(std::move(task));
  }
  wake();
}

void EpollLoop::wake() {
  if (wake_pending_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

TimerId EpollLoop::after(Duration delay, Task task) {
  assert(may_touch());
  return timers_.add(now_ns() + std::max<std::int64_t>(delay.count(), 0), std::move(task));
}

void EpollLoop::cancel(TimerId timer) {
  assert(may_touch());
  timers_.cancel(timer);
}

Result<void> EpollLoop::add(int fd, std::uint32_t events, IoHandler* handler) {
  assert(may_touch());
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return posix_error("epoll_ctl", errno);
  return {};
}

void EpollLoop::remove(int fd, IoHandler* handler) {
  assert(may_touch());
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (ReadyEvent& ready : ready_) {
    if (ready.handler == handler) ready.handler = nullptr;
  }
}

void EpollLoop::schedule(IoHandler* handler) {
  assert(may_touch());
  if (handler->scheduled_) return;
  handler->scheduled_ = true;
  scheduled_.push_back(handler);
}

void EpollLoop::unschedule(IoHandler* handler) {
  if (!handler->scheduled_) return;
  handler->scheduled_ = false;
  std::erase(scheduled_, handler);
  std::replace(scheduled_now_.begin(), scheduled_now_.end(), handler, static_cast<IoHandler*>(nullptr));
}

void EpollLoop::run() {
  owner_ = std::this_thread::get_id();
  running_.store(true, std::memory_order_release);
  while (!stopped_.load(std::memory_order_acquire)) poll_once(-1);
  run_tasks();
  running_ = false;
}

void EpollLoop::stop() {
  stopped_.store(true, std::memory_order_release);
  wake();
}

void EpollLoop::poll(Duration wait) {
  owner_ = std::this_thread::get_id();
  poll_once(wait.count());
}

bool EpollLoop::has_work() const { return !local_tasks_.empty() || !scheduled_.empty(); }

int EpollLoop::wait_ms(std::int64_t wait_ns) {
  if (has_work() || stopped_.load(std::memory_order_relaxed)) return 0;
  if (auto deadline = timers_.next_deadline_ns()) {
    const std::int64_t until = std::max<std::int64_t>(*deadline - now_ns(), 0);
    wait_ns = wait_ns < 0 ? until : std::min(wait_ns, until);
  }
  if (wait_ns < 0) return -1;
  // Rounded up: waking early would spin until the deadline.
  return static_cast<int>(std::min<std::int64_t>((wait_ns + 999'999) / 1'000'000, 60'000));
}

void EpollLoop::poll_once(std::int64_t wait_ns) {
  epoll_event events[kEventsPerRound];
  const int count = epoll_wait(epoll_.get(), events, kEventsPerRound, wait_ms(wait_ns));
  ready_.clear();
  for (int i = 0; i < count; ++i) ready_.push_back({static_cast<IoHandler*>(events[i].data.ptr), events[i].events});
  dispatch(count);
  run_timers();
  run_scheduled();
  run_tasks();
}

void EpollLoop::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    // remove() clears the entries of handlers that died earlier in this round.
    const ReadyEvent ready = ready_[static_cast<std::size_t>(i)];
    if (ready.handler != nullptr) ready.handler->on_io(ready.events);
  }
  ready_.clear();
}

void EpollLoop::run_timers() {
  if (timers_.size() == 0) return;
  const std::int64_t now = now_ns();
  for (int i = 0; i < kTimersPerRound; ++i) {
    const Task task = timers_.take_due(now);
    if (!task) return;
    task();
  }
}

void EpollLoop::run_scheduled() {
  if (scheduled_.empty()) return;
  scheduled_now_.swap(scheduled_);
  for (std::size_t i = 0; i < scheduled_now_.size(); ++i) {
    IoHandler* handler = scheduled_now_[i];
    if (handler == nullptr) continue;
    handler->scheduled_ = false;
    scheduled_now_[i] = nullptr;
    handler->on_io(0);
  }
  scheduled_now_.clear();
}

void EpollLoop::run_tasks() {
  std::vector<Task> batch;
  if (wake_pending_.exchange(false)) {
    const std::lock_guard lock(mutex_);
    batch.swap(shared_tasks_);
  }
  for (Task& task : batch) {
    task();
    task = nullptr;  // captures die in order, not at the end of the batch
  }
  // What these tasks post runs in this round too, for a few passes: a request is answered in two or three tasks, and looking at
  // the sockets between them is a system call each. More would starve the sockets.
  for (int pass = 0; pass < kTaskPassesPerRound && !local_tasks_.empty(); ++pass) {
    batch.clear();
    batch.swap(local_tasks_);
    for (Task& task : batch) {
      task();
      task = nullptr;
    }
  }
}

}  // namespace plinth::world_real
