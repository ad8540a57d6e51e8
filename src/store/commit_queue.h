// Brings transactions to the writer, whatever is queued as one group. Three ways, see docs/spikes/commit_path.md:
//   stepped   on the loop of the wiring (simulation);
//   inline    on the loop of a caller that is alone and when syncs are quick: no thread is woken twice for one write;
//   threaded  on the writer's own thread, while loops go on preparing.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/writer.h"

namespace plinth::store {

struct CommitQueueOptions {
  std::size_t queue_max = 0;        // transactions
  std::size_t group_bytes_max = 0;  // of records; one transaction may be larger
  // A caller's loop is held for a sync only while the last one took less. Zero: never inline.
  std::uint64_t inline_sync_ns_max = 500'000;
};

class CommitQueue : public std::enable_shared_from_this<CommitQueue> {
 public:
  CommitQueue(Writer& writer, Loop* stepped_on, CommitQueueOptions options);
  ~CommitQueue();
  void start();

  // `done` is always called, on `pending.loop`.
  void push(Pending pending);
  // Runs `task` between two groups, on the thread that would make the next one. False when the queue is closed.
  bool run_exclusive(Task task);
  // Commits what is queued and stops. From no loop that the queue waits for.
  void close();

 private:
  std::vector<Pending> take_group();
  bool wants_inline(const Pending& pending) const;
  void run_stepped();
  void run_inline(Loop& loop);
  void post_to(Loop& loop);
  void run_thread();
  void work_if_any(std::unique_lock<std::mutex>& lock, Writer::Delivery delivery);

  Writer& writer_;
  Loop* const stepped_on_;
  const CommitQueueOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Pending> queue_;
  std::deque<Task> exclusive_;
  bool busy_ = false;    // someone is making a group or is about to
  bool posted_ = false;  // it is a task on a loop that has not begun
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace plinth::store
