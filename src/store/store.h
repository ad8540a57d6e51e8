// The store: revisioned, ordered, durable before visible. One writer orders all changes; reads use immutable snapshots.
//
// Keys are "/<group>/<plural>/<namespace>/<name>" ("/<group>/<plural>//<name>" for cluster scope; group "" is "core").
// Records and what a writer hands over for one: record.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/function.h"
#include "base/result.h"
#include "base/world.h"
#include "store/record.h"

namespace plinth::store {

// An immutable view of everything at one revision. Cheap to copy; from any thread.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual Revision revision() const = 0;
  virtual RecordPtr get(std::string_view key) const = 0;
  // In key order, keys >= `start` having `prefix`; stops when `visit` returns false. Takes no copies.
  virtual void scan(std::string_view prefix, std::string_view start,
                    const std::function<bool(const RecordPtr&)>& visit) const = 0;
  virtual std::size_t count(std::string_view prefix) const = 0;  // O(log n)
  // Of the keys having `prefix`, those >= `start`. O(log n).
  virtual std::size_t count_from(std::string_view prefix, std::string_view start) const = 0;
  // By index.
  virtual RecordPtr by_uid(std::string_view uid) const = 0;
  virtual void owned_by(std::string_view owner_uid, const std::function<bool(const RecordPtr&)>& visit) const = 0;
  // By index, in key order: those having `prefix` whose label has that value. For prefixes of which the store indexes labels.
  virtual bool indexes_labels(std::string_view prefix) const = 0;
  virtual void labelled(std::string_view label, std::string_view value, std::string_view prefix,
                        const std::function<bool(const RecordPtr&)>& visit) const = 0;
  virtual std::size_t count_labelled(std::string_view label, std::string_view value,
                                     std::string_view prefix) const = 0;  // O(log n)
  virtual std::size_t object_count() const = 0;
  virtual std::uint64_t object_bytes() const = 0;
  // Ledgers (see Reservation): a counter's value (0 when never touched), a claim's owner, and all claims of a ledger by name.
  virtual std::int64_t counter(std::string_view ledger, std::string_view name) const = 0;
  virtual std::optional<std::string> claim_owner(std::string_view ledger, std::string_view name) const = 0;
  virtual void claims(std::string_view ledger,
                      const std::function<bool(std::string_view name, std::string_view owner)>& visit) const = 0;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Conditions under which a transaction commits. A failed one is reported by index so that the caller can prepare again.
struct Precondition {
  enum class Kind : std::uint8_t { kAbsent, kAtRevision, kExists, kUid };
  Kind kind = Kind::kAtRevision;
  std::string key;
  Revision revision = 0;
  std::string uid;
};

struct Write {
  std::string key;
  std::optional<EncodedObject> put;  // nothing: delete (of a key that is not there: no revision, a null record)
  // Of a delete: the last state to show to watchers (gets the deletion's revision in its slot); nothing: the stored one.
  std::optional<EncodedObject> last_state;
  bool lease = false;  // allowed beyond the size ceiling, like deletes
};

// A named counter or set member claimed together with a write: quota usage, service addresses, node ports. Commutative: two
// transactions that both fit both commit, whatever the snapshot they were prepared against.
struct Reservation {
  enum class Kind : std::uint8_t {
    kAddBounded,  // ledger[name] += amount, fails when it would exceed limit (amount may be negative, never fails then)
    kClaim,       // name must be unclaimed or claimed by the same owner; owner is kept
    kRelease,     // name is given back when owned by `owner`
    kReset,       // ledger[name] becomes 0
    kExpect,  // fails unless ledger[name] is `amount`; changes nothing. What a caller concluded from the value then still holds
  };
  Kind kind = Kind::kClaim;
  std::string ledger;
  std::string name;
  std::string owner;
  std::int64_t amount = 0;
  std::int64_t limit = 0;
};

struct Transaction {
  std::vector<Precondition> preconditions;
  std::vector<Reservation> reservations;
  std::vector<Write> writes;
  // Monotonic deadline (ns); 0: none. A transaction still queued after it fails with Timeout.
  std::int64_t deadline_ns = 0;
};

struct CommitResult {
  Revision revision = 0;
  std::vector<RecordPtr> records;  // one per write; for a delete the tombstone's last state with the deletion's revision
};

// Outcome of a commit: done, a precondition or reservation failed (prepare again or refuse), or an error.
struct CommitOutcome {
  enum class Kind : std::uint8_t { kCommitted, kPreconditionFailed, kReservationFailed, kError };
  Kind kind = Kind::kError;
  CommitResult committed;
  std::size_t failed_index = 0;
  std::optional<Error> error;
};
using CommitDone = UniqueFunction<void(CommitOutcome)>;

enum class EventType : std::uint8_t { kPut, kDelete };

// One change, in commit order. `current` is the new state (of a delete: the last state with the deletion's revision);
// `previous` the state before (null for a creation). Bodies of old events are read from the log on demand.
struct Event {
  EventType type = EventType::kPut;
  Revision revision = 0;
  RecordPtr current;
  RecordPtr previous;
};
using EventPtr = std::shared_ptr<const Event>;

// A consumer's cursor over the change stream below a key prefix, from a revision on. Not thread-safe: used by one loop.
class Watch {
 public:
  virtual ~Watch() = default;
  // Up to `events_max` next events with revision > the last returned. An empty vector: nothing new now. Expired: the history
  // was cut, or this consumer fell behind its budget. `progress` is the revision up to which everything has been returned.
  // Events that are still hot are shared: the same EventPtr goes to all watchers, so encoded forms can be cached by it.
  virtual Result<std::vector<EventPtr>> next(std::size_t events_max, Revision& progress) = 0;
};

struct StoreOptions {
  std::string directory;        // ":memory:" keeps nothing
  std::uint64_t bytes_max = 0;  // ceiling of live bytes; 0: none
  std::uint64_t history_bytes_max = 128ull << 20;
  std::uint64_t segment_bytes = 16ull << 20;
  std::uint64_t snapshot_tail_bytes_min = 64ull << 20;
  std::size_t queue_max = 10'000;  // transactions waiting for the writer; beyond: TooManyRequests
  std::size_t group_bytes_max = 4ull << 20;
  // A caller that is alone commits on its own loop while syncs take less than this (docs/spikes/commit_path.md); 0: never.
  std::uint64_t inline_sync_ns_max = 500'000;
  // Prefixes of keys whose records are found by label too. Nothing of it is on the disk.
  std::vector<std::string> label_indexed;
};

// Encrypts what is sensitive before it reaches the disk; see secrets.h for the one that uses a key file.
class Sealer {
 public:
  virtual ~Sealer() = default;
  virtual Result<std::string> seal(std::string_view plain, std::string_view associated) = 0;
  virtual Result<std::string> open(std::string_view sealed, std::string_view associated) = 0;
  // Seals with a new key from now on; the old ones still open. forget_old drops them once nothing sealed with them is left.
  virtual Result<void> rotate() { return {}; }
  virtual Result<void> forget_old() { return {}; }
};

// One wait for a revision.
struct PublishedTicket {
  Revision revision = 0;
  std::uint64_t number = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // The last published state. Any thread, wait-free in practice.
  virtual SnapshotPtr snapshot() const = 0;
  // Queues a transaction for the writer; `done` runs on `loop` once it is durable and visible (or refused).
  virtual void commit(Transaction transaction, Loop& loop, CommitDone done) = 0;
  // Events with revision > `after` below `prefix`. Expired when `after` is older than the history kept, `wake` runs on `loop`
  // whenever new events may be there (coalesced: once until the next call of next()). What is already there when the watch is
  // made wakes it too.
  virtual Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after, Loop& loop, Task wake) = 0;
  virtual Revision oldest_watchable() const = 0;
  // Runs `task` on `loop` once the published revision is >= `revision`. The ticket lets a caller that has stopped waiting drop
  // the task (a revision may never come); a task that was posted already still runs.
  virtual PublishedTicket when_published(Revision revision, Loop& loop, Task task) = 0;
  virtual void forget(const PublishedTicket& ticket) = 0;
  // A consistent copy of everything as one file, and back into an empty directory.
  virtual Result<void> save_snapshot(const std::string& path) = 0;
  // A new key for what is sensitive; blocks until no file of the store holds anything sealed with an older one. The watch
  // history before it is given up.
  virtual Result<void> rotate_key() = 0;
  // Stops the writer after what is queued; nothing may be committed afterwards. Loops that were given to commit, watch or
  // when_published must live until it has returned (a post may be under way); reading goes on until the store is destroyed.
  virtual void close() = 0;
  struct Stats {
    std::uint64_t commits = 0, groups = 0, log_bytes = 0, history_bytes = 0, sync_ns_total = 0, snapshots = 0;
    bool read_only = false;
    std::string read_only_reason;
  };
  virtual Stats stats() const = 0;
};

// Who does the store's work. With a loop everything (commits, snapshots, recycling) is stepped on it: simulation and tests.
// Without one the store has its own writer and housekeeping threads.
struct StoreWiring {
  Sealer* sealer = nullptr;  // null: sensitive records are refused on a durable store
  Loop* loop = nullptr;
};

// Opens (or makes) the store in options.directory; recovery happens here. Errors say what to do: Conflict when another process
// has the directory, an error naming the file when one is damaged, one naming the version when it is newer than this program.
// `world` needs clock, entropy and disk and must outlive the store, like the wiring.
Result<std::unique_ptr<Store>> make_store(const StoreOptions& options, const World& world, const StoreWiring& wiring);

// Makes a data directory in `directory` (absent or empty) from a file that save_snapshot wrote. Revisions go on far past those
// of the source. When it holds encrypted records, the source's key file is expected as `snapshot_file` + ".keys".
Result<void> restore_snapshot(const World& world, const std::string& snapshot_file, const std::string& directory);

}  // namespace plinth::store
