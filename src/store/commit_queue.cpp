#include "store/commit_queue.h"

namespace plinth::store {
namespace {

void refuse(Pending pending, Error error) {
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kError;
  outcome.error = std::move(error);
  pending.loop->post([done = std::move(pending.done), outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
}

}  // namespace

CommitQueue::CommitQueue(Writer& writer, Loop* stepped_on, CommitQueueOptions options)
    : writer_(writer), stepped_on_(stepped_on), options_(options) {}

CommitQueue::~CommitQueue() { close(); }

void CommitQueue::start() {
  if (stepped_on_ == nullptr) thread_ = std::thread([this] { run_thread(); });
}

bool CommitQueue::wants_inline(const Pending& pending) const {
  return stepped_on_ == nullptr && queue_.size() == 1 && exclusive_.empty() && pending.loop->in_loop() &&
         writer_.counts().last_sync_ns < options_.inline_sync_ns_max && writer_.has_room_ready();
}

void CommitQueue::push(Pending pending) {
  std::unique_lock lock(mutex_);
  if (closing_) {
    lock.unlock();
    return refuse(std::move(pending), Error(Reason::kServiceUnavailable, "the store is shutting down"));
  }
  if (queue_.size() >= options_.queue_max) {
    lock.unlock();
    Error error(Reason::kTooManyRequests, "too many writes are waiting for the store; try again later");
    error.mutable_details().retry_after_seconds = 1;
    return refuse(std::move(pending), std::move(error));
  }
  Loop& loop = *pending.loop;
  queue_.push_back(std::move(pending));
  if (busy_) return;
  if (stepped_on_ != nullptr || wants_inline(queue_.back())) {
    // After what the loop has ready now, so that those writes share the group.
    busy_ = posted_ = true;
    lock.unlock();
    return post_to(stepped_on_ != nullptr ? *stepped_on_ : loop);
  }
  lock.unlock();
  changed_.notify_one();
}

bool CommitQueue::run_exclusive(Task task) {
  std::unique_lock lock(mutex_);
  if (closing_) return false;
  exclusive_.push_back(std::move(task));
  if (busy_) return true;
  if (stepped_on_ == nullptr) {
    lock.unlock();
    changed_.notify_one();
    return true;
  }
  busy_ = posted_ = true;
  lock.unlock();
  post_to(*stepped_on_);
  return true;
}

std::vector<Pending> CommitQueue::take_group() {
  std::vector<Pending> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= options_.group_bytes_max)) {
    bytes += queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

// One group and the exclusive tasks before it; the lock is released meanwhile.
void CommitQueue::work_if_any(std::unique_lock<std::mutex>& lock, Writer::Delivery delivery) {
  std::deque<Task> exclusive = std::exchange(exclusive_, {});
  std::vector<Pending> group = take_group();
  lock.unlock();
  for (Task& task : exclusive) task();
  if (!group.empty()) writer_.process(std::move(group), delivery);
  lock.lock();
}

void CommitQueue::run_stepped() {
  std::unique_lock lock(mutex_);
  work_if_any(lock, Writer::Delivery::kPosted);
  busy_ = !queue_.empty() || !exclusive_.empty();
  if (!busy_) return;
  lock.unlock();
  post_to(*stepped_on_);
}

// Two tasks: the first commits and hands the outcomes over, the second, behind the answers that they caused, wakes watchers.
void CommitQueue::run_inline(Loop& loop) {
  std::unique_lock lock(mutex_);
  if (!std::exchange(posted_, false)) return;  // the thread took over while closing
  if (!writer_.owes_announcement()) {
    work_if_any(lock, Writer::Delivery::kDirect);
    posted_ = writer_.owes_announcement();
    if (posted_ && !closing_) {
      lock.unlock();
      return post_to(loop);
    }
  } else {
    lock.unlock();
    writer_.announce();
    lock.lock();
  }
  busy_ = posted_;
  // Waking the thread for nothing would cost as much as preparing a write.
  if (closing_ || !queue_.empty() || !exclusive_.empty()) changed_.notify_all();
}

void CommitQueue::post_to(Loop& loop) {
  loop.post([self = weak_from_this(), &loop] {
    const auto queue = self.lock();
    if (queue == nullptr) return;
    if (queue->stepped_on_ != nullptr)
      queue->run_stepped();
    else
      queue->run_inline(loop);
  });
}

void CommitQueue::run_thread() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // A loop that ended before it ran its part is not waited for.
    changed_.wait(lock,
                  [&] { return (!busy_ || (closing_ && posted_)) && (closing_ || !queue_.empty() || !exclusive_.empty()); });
    posted_ = false;
    busy_ = true;
    lock.unlock();
    writer_.announce();  // what a loop that ended did not
    lock.lock();
    if (closing_ && queue_.empty() && exclusive_.empty()) return;
    while (!queue_.empty() || !exclusive_.empty()) work_if_any(lock, Writer::Delivery::kPosted);
    busy_ = false;
  }
}

void CommitQueue::close() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  if (stepped_on_ != nullptr) {
    while (!queue_.empty() || !exclusive_.empty()) work_if_any(lock, Writer::Delivery::kPosted);
    return;
  }
  lock.unlock();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace plinth::store
