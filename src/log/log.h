// A segmented, checksummed log: the only way anything becomes durable. One instance per log (objects, an event stream).
//
// Threads: begin() and append() belong to one writer; prepare_spare(), retire() and purge() to one housekeeper; the rest to
// any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "log/format.h"

namespace plinth::log {

struct LogOptions {
  std::string directory;
  std::uint64_t segment_bytes = 16ull << 20;
  // Breaks the log on purpose, so that the crash tests can show that they would notice. Never set outside tests.
  struct Sabotage {
    bool skip_sync = false;
    bool skip_checksum = false;
    bool skip_tail_cut = false;
  } sabotage;
};

// One durable group. `payload` is valid during the call only.
struct Group {
  Address address = 0;  // of the payload
  std::uint64_t sequence = 0;
  std::uint32_t records = 0;
  std::uint64_t tag = 0;
  std::string_view payload;
};

struct Recovery {
  bool fresh = false;     // there was no log
  bool tail_cut = false;  // the last write had not become durable and was dropped
  std::uint64_t groups = 0;
  std::uint64_t first_sequence = 0;  // of the oldest group kept; 0 when there is none
  std::uint64_t last_sequence = 0;
  std::uint64_t bytes_read = 0;
};

class Segment;

class Log {
 public:
  using Visit = std::function<Result<void>(const Group&)>;
  // Shows every group in order to `visit`. A torn tail is cut; damage is an error that names the file and what to do. What was
  // shown is durable when this returns. Groups up to `covered_sequence` are known from elsewhere (a snapshot): older segments
  // may be missing, and a log without groups goes on after it.
  static Result<std::unique_ptr<Log>> open(Disk& disk, Entropy& entropy, LogOptions options, std::uint64_t covered_sequence,
                                           const Visit& visit, Recovery& recovery);
  ~Log();

  // Where the payload of the next group, `payload_bytes` long, will be; moves on to the spare segment when it does not fit.
  // InsufficientStorage when there is no spare and none can be made.
  Result<Address> begin(std::uint64_t payload_bytes);
  // Writes and syncs the group announced by begin(). `group` has kGroupHeaderBytes free at its front. After a failure other
  // than InsufficientStorage every later call fails: what is on the disk is then unknown.
  Result<void> append(std::string& group, std::uint32_t records, std::uint64_t tag);
  std::uint64_t last_sequence() const { return last_sequence_; }

  Result<std::string> read(Address address, std::uint64_t bytes) const;

  // Whether a spare segment stands ready, so that the writer needs no space from the file system.
  bool has_spare() const;
  // Makes one when there is none: from a retired segment, or a new zeroed file.
  Result<void> prepare_spare();
  // Segments numbered below `first_kept` are no longer needed. Their files become spares or are removed.
  void retire(std::uint64_t first_kept);
  // Leaves nothing of retired segments on the disk: they and the spares made of them are removed.
  Result<void> purge();
  // Ends the current segment, so that it can be retired once something was written after it.
  Result<void> rotate();

  std::uint64_t active_segment() const { return active_number_.load(std::memory_order_acquire); }
  std::uint64_t first_segment() const;
  std::uint64_t bytes() const;  // of the segments in use, spares not counted

 private:
  friend class Recoverer;
  using SegmentPtr = std::shared_ptr<Segment>;
  Log(Disk& disk, Entropy& entropy, LogOptions options);
  std::string path_of(std::uint64_t number) const;
  Result<SegmentPtr> create_segment(std::uint64_t number);
  Result<SegmentPtr> recycle_segment(const SegmentPtr& old, std::uint64_t number);
  SegmentPtr take_recyclable();
  Result<void> remove_retired();
  Result<SegmentPtr> take_spare();
  std::uint64_t random_id();
  std::uint64_t next_number() const;

  Disk& disk_;
  Entropy& entropy_;
  const LogOptions options_;
  std::uint64_t log_id_ = 0;

  mutable std::mutex mutex_;         // guards the three lists
  std::deque<SegmentPtr> segments_;  // in use, oldest first; the last is active
  std::deque<SegmentPtr> spares_;
  std::vector<SegmentPtr> retired_;
  std::mutex spare_mutex_;  // one maker of spares at a time: the housekeeper, or the writer that found none

  // The writer's.
  SegmentPtr active_;
  std::atomic<std::uint64_t> active_number_{0};
  std::uint64_t position_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint32_t last_crc_ = 0;
  std::string failure_;
};

}  // namespace plinth::log
