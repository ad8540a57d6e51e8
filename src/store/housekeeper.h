// What a store does beside commits: keeps a spare segment ready, writes snapshots, lets old segments go.
//
// On its own thread, or stepped on a loop. Nothing here holds up the writer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/world.h"
#include "log/log.h"
#include "store/history.h"
#include "store/snapshot_file.h"
#include "store/writer.h"

namespace plinth::store {

class Housekeeper : public std::enable_shared_from_this<Housekeeper> {
 public:
  struct Parts {
    Disk* disk = nullptr;
    Clock* clock = nullptr;
    log::Log* log = nullptr;
    History* history = nullptr;
    Writer* writer = nullptr;
    const RecordCodec* codec = nullptr;
    Loop* loop = nullptr;  // null: an own thread
    std::string snapshots_path;
    std::uint64_t history_bytes_max = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t snapshot_tail_bytes_min = 0;
    std::uint64_t embed_segments = 0;
  };
  // `snapshot_segment`: where the log goes on after the newest snapshot; 0 when there is none.
  Housekeeper(Parts parts, std::uint64_t snapshot_segment);
  ~Housekeeper();
  void start();
  void notify();  // from any thread; does not block
  void stop();

  // Writes a snapshot of what is published now, unpaced, and lets everything before it go, history included.
  Result<void> rewrite_everything();
  std::uint64_t snapshots() const { return snapshots_.load(std::memory_order_relaxed); }
  // Why the last piece of work failed; "" when it did not.
  std::string last_error() const;

 private:
  void run_thread();
  bool work();  // one bounded piece; whether there is more to do soon
  void let_go();
  void keep_spare();
  bool wants_snapshot() const;
  Result<void> begin_snapshot();
  Result<bool> step_snapshot();
  Result<void> end_snapshot();
  Result<void> remove_other_snapshots(const std::string& kept);
  void post_step(Duration delay);
  void note(const Result<void>& result);

  const Parts parts_;
  std::atomic<std::uint64_t> snapshots_{0};

  std::mutex work_mutex_;  // one piece of work at a time; guards the next four
  std::uint64_t snapshot_segment_;
  std::uint64_t writing_segment_ = 0;
  std::uint64_t synced_bytes_ = 0;
  std::unique_ptr<SnapshotWriter> writing_;

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  bool notified_ = false;
  bool stopping_ = false;
  bool posted_ = false;
  std::string last_error_;
  std::thread thread_;
};

}  // namespace plinth::store
