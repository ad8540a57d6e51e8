// Orders all changes: checks transactions against the newest state, gives revisions, makes a group durable, then visible.
//
// Threads: process() is called by one thread at a time (see commit_queue.h); the rest by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/world.h"
#include "log/log.h"
#include "store/history.h"
#include "store/ledger_check.h"
#include "store/record_codec.h"
#include "store/state.h"
#include "store/store.h"

namespace plinth::store {

// A transaction on its way to the writer, its records built.
struct Pending {
  Transaction transaction;
  std::vector<MutableRecordPtr> records;  // per write: what is put, a deletion's last state, or null
  std::size_t bytes = 0;
  Loop* loop = nullptr;
  CommitDone done;
  std::optional<CommitOutcome> outcome;
};

class Writer {
 public:
  struct Parts {
    log::Log* log = nullptr;  // null: nothing is durable
    const RecordCodec* codec = nullptr;
    History* history = nullptr;
    Clock* clock = nullptr;
    std::uint64_t bytes_max = 0;
    // A previous state further back in the log than this many segments is written again with the change, so that cutting the
    // history never leaves an event without it.
    std::uint64_t embed_segments = 2;
    // Called by process() when the log moved on to another segment, or found no room to. Must not block.
    std::function<void()> needs_housekeeping;
  };
  Writer(Parts parts, State state);

  // kDirect: the caller is a task on a loop; who waits there is told at once, and watchers when announce() is called, so that
  // the answer is on its way before they are woken. kPosted: everybody by a task, watchers first.
  enum class Delivery : std::uint8_t { kPosted, kDirect };
  // One group: every transaction gets its outcome, on its loop, after the group is durable and visible.
  void process(std::vector<Pending> batch, Delivery delivery);
  // Tells watchers of the last group, if that is still to be done.
  void announce();
  bool owes_announcement() const { return unannounced_.has_value(); }
  // A group of the store's own: nothing below `revision` is handed out any more.
  Result<void> write_floor(Revision revision);
  // An empty group, so that damage to the one before it is told from a torn tail.
  Result<void> write_end();
  // What is written from now on goes to a new segment.
  Result<void> move_on();

  StateSnapshotPtr published() const;
  // Published state and the last group in it, as one.
  StateSnapshotPtr published(std::uint64_t& group_sequence, std::uint64_t& segment) const;
  PublishedTicket when_published(Revision revision, Loop& loop, Task task);
  void forget(const PublishedTicket& ticket);

  // Refuses what grows, with this reason, until called with "".
  void refuse_growth(std::string reason);
  bool growth_refused() const { return growth_refused_.load(std::memory_order_relaxed); }

  // Whether the next group needs no new file, which would take a while to make.
  bool has_room_ready() const { return parts_.log == nullptr || parts_.log->has_spare(); }

  struct Counts {
    std::atomic<std::uint64_t> commits{0}, groups{0}, log_bytes{0}, sync_ns{0}, last_sync_ns{0};
  };
  const Counts& counts() const { return counts_; }
  std::string failure() const;  // why nothing can be written any more; empty: it can

 private:
  struct Placed {
    MutableRecordPtr record;  // of a put: learns its place in the log
    Change change;
    std::size_t offset = 0;
    std::shared_ptr<Event> event;
    std::string key;
  };
  struct Group {
    std::string bytes;
    std::vector<Placed> placed;
    std::uint32_t entries = 0;
  };
  enum class Attempt : std::uint8_t { kDone, kAgain };

  Attempt try_batch(std::vector<Pending>& batch);
  std::optional<CommitOutcome> refusal(const Pending& pending, LedgerPlan& plan) const;
  std::optional<std::size_t> failed_precondition(const Transaction& transaction) const;
  std::optional<Error> no_room(const Pending& pending) const;
  Result<CommitResult> apply(Pending& pending, const LedgerPlan& plan, Group& group);
  Result<RecordPtr> apply_put(const Write& write, MutableRecordPtr record, Group& group);
  Result<RecordPtr> apply_delete(const Write& write, MutableRecordPtr last_state, Group& group);
  PreviousState previous_state(const RecordPtr& previous) const;
  void place(Group& group, std::size_t offset, const PreviousState& previous, Placed placed);
  Result<void> make_durable(Group& group);
  void make_visible(Group group);
  void fail(std::vector<Pending>& batch, const Error& error);
  void deliver(std::vector<Pending> batch, Delivery delivery);
  void roll_back();

  const Parts parts_;
  Counts counts_;
  std::atomic<bool> growth_refused_{false};

  // The writer's alone.
  std::uint64_t last_segment_ = 0;
  State state_;  // ahead of what is published while a group is made
  Revision next_revision_ = 0;
  std::optional<Group> unannounced_;

  mutable std::mutex mutex_;  // guards everything below
  StateSnapshotPtr published_;
  std::uint64_t published_sequence_ = 0;
  std::uint64_t published_segment_ = 0;
  std::map<std::pair<Revision, std::uint64_t>, std::pair<Loop*, Task>> waiting_;  // by revision and ticket
  std::uint64_t last_ticket_ = 0;
  std::string growth_reason_;
  std::string failure_;
};

}  // namespace plinth::store
