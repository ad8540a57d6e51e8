// The change stream: what happened since the oldest watchable revision, and who waits for more.
//
// In memory an event is a reference into the log; the newest ones also keep their records, within a budget of bytes. A watch
// that waits costs nothing when something outside its prefix changes.
//
// Threads: publish() is the writer's, trim() the housekeeper's, the rest any; each Watch belongs to one loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "log/log.h"
#include "store/log_entry.h"
#include "store/store.h"

namespace plinth::store {

struct HistoryOptions {
  // Events that keep their records in memory. Without a log these are the whole history.
  std::uint64_t hot_bytes_max = 8ull << 20;
};

// A change on its way into the history. Without `event` it is read from the log when asked for.
struct Change {
  std::string_view key;  // valid during the call
  Revision revision = 0;
  log::Address address = 0;
  std::uint32_t size = 0;
  std::uint32_t previous_segment = 0;  // the log segment that the previous state is read from; 0: none needed
  EventPtr event;
};

class WatchState;

class History {
 public:
  // `log` may be null. Both outlive the history.
  History(const log::Log* log, const RecordCodec& codec, HistoryOptions options);
  ~History();

  // Adds changes, newest last, and wakes who watches them. `published` is the revision that readers now see.
  void publish(const std::vector<Change>& changes, Revision published);
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after, Loop& loop, Task wake);
  Revision oldest() const;
  // Nothing up to `revision` can be watched from any more.
  void raise_floor(Revision revision);
  // Log segments below `first_segment` go: so do the events that need them.
  void trim(std::uint64_t first_segment);
  std::uint64_t memory_bytes() const;  // of the hot events' records
  std::size_t size() const;
  // Set before the first watch.
  void set_log(const log::Log* log) { log_ = log; }

 private:
  friend class WatchState;
  friend class HistoryWatch;
  struct Channel {
    std::deque<std::uint64_t> positions;  // of this kind's events
  };
  struct Item {
    Revision revision;
    log::Address address;
    std::uint32_t size;
    std::uint32_t previous_segment;
    std::uint32_t scope_hash;  // of the key up to the namespace
    EventPtr hot;
  };
  Result<std::vector<EventPtr>> next(WatchState& watch, std::size_t events_max, Revision& progress);
  bool collect(WatchState& watch, std::size_t events_max, std::vector<Item>& found, Revision& progress);
  Result<EventPtr> load(const Item& item) const;
  Result<RecordPtr> load_record(log::Address address, std::uint32_t size) const;
  void add(const Change& change);
  void mark(std::string_view key, std::uint64_t position, Revision revision, std::vector<std::shared_ptr<WatchState>>& woken);
  void cool_down();
  void drop_before(std::uint64_t position);
  void leave(WatchState& watch);

  const log::Log* log_;
  const RecordCodec& codec_;
  const HistoryOptions options_;
  mutable std::mutex mutex_;  // guards everything below
  std::deque<Item> items_;
  std::uint64_t base_ = 1;       // position of items_.front()
  std::uint64_t first_hot_ = 1;  // no item before this position is hot
  std::uint64_t hot_bytes_ = 0;
  Revision oldest_ = 0;
  Revision published_ = 0;
  std::unordered_map<std::string, Channel> channels_;                  // by "/group/plural/"
  std::unordered_map<std::string, std::vector<WatchState*>> watches_;  // by home
};

}  // namespace plinth::store
