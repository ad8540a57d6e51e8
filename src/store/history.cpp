#include "store/history.h"

#include <algorithm>

#include <fmt/core.h>

#include "store/watch_state.h"

namespace plinth::store {
namespace {

// Log reads of one next(); what is left is announced by another wake-up.
constexpr std::size_t kLoadsPerCall = 256;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::uint64_t record_bytes(const Event& event) {
  return event.current->bytes().size() + (event.previous != nullptr ? event.previous->bytes().size() : 0);
}

Error expired(Revision after, Revision oldest) {
  return Error(Reason::kExpired, fmt::format("too old resource version: {} ({})", after, oldest));
}

}  // namespace

class HistoryWatch final : public Watch {
 public:
  HistoryWatch(History& history, WatchStatePtr state) : history_(history), state_(std::move(state)) {}
  ~HistoryWatch() override {
    state_->closed.store(true, std::memory_order_relaxed);
    history_.leave(*state_);
  }
  Result<std::vector<EventPtr>> next(std::size_t events_max, Revision& progress) override {
    return history_.next(*state_, events_max, progress);
  }

 private:
  History& history_;
  const WatchStatePtr state_;
};

History::History(const log::Log* log, const RecordCodec& codec, HistoryOptions options)
    : log_(log), codec_(codec), options_(options) {}
History::~History() = default;

void History::add(const Change& change) {
  const KeyParts parts(change.key);
  const std::uint64_t position = base_ + items_.size();
  items_.push_back(
      {change.revision, change.address, change.size, change.previous_segment, short_hash(parts.scope), change.event});
  if (change.event != nullptr) hot_bytes_ += record_bytes(*change.event);
  channels_[std::string(parts.kind)].positions.push_back(position);
}

// Watches are found by the whole parts of their prefix; the few that reach into a part are compared.
void History::mark(std::string_view key, std::uint64_t position, Revision revision, std::vector<WatchStatePtr>& woken) {
  const KeyParts parts(key);
  for (const std::string_view home : {std::string_view(), parts.group, parts.kind, parts.scope}) {
    const auto found = watches_.find(std::string(home));
    if (found == watches_.end()) continue;
    for (WatchState* watch : found->second) {
      if (watch->prefix.size() > home.size() && !starts_with(key, watch->prefix)) continue;
      if (revision <= watch->after) continue;
      if (!std::exchange(watch->pending, true)) watch->cursor = position;
      if (!std::exchange(watch->woken, true)) woken.push_back(watch->shared_from_this());
    }
  }
}

void History::publish(const std::vector<Change>& changes, Revision published) {
  std::vector<WatchStatePtr> woken;
  {
    std::lock_guard lock(mutex_);
    published_ = std::max(published_, published);
    for (const Change& change : changes) {
      mark(change.key, base_ + items_.size(), change.revision, woken);
      add(change);
    }
    cool_down();
  }
  post_wakes(std::move(woken));
}

// The oldest hot events let their records go: to the log, or (without one) out of the history.
void History::cool_down() {
  first_hot_ = std::max(first_hot_, base_);
  while (hot_bytes_ > options_.hot_bytes_max && first_hot_ + 1 < base_ + items_.size()) {
    Item& item = items_[first_hot_ - base_];
    ++first_hot_;
    if (item.hot == nullptr) continue;
    hot_bytes_ -= record_bytes(*item.hot);
    item.hot = nullptr;
  }
  if (log_ == nullptr && first_hot_ > base_) drop_before(first_hot_);
}

void History::drop_before(std::uint64_t position) {
  for (; base_ < position && !items_.empty(); ++base_) {
    if (items_.front().hot != nullptr) hot_bytes_ -= record_bytes(*items_.front().hot);
    oldest_ = std::max(oldest_, items_.front().revision);
    items_.pop_front();
  }
  for (auto& [kind, channel] : channels_) {
    while (!channel.positions.empty() && channel.positions.front() < base_) channel.positions.pop_front();
  }
}

void History::trim(std::uint64_t first_segment) {
  std::lock_guard lock(mutex_);
  std::uint64_t keep = base_;
  for (std::uint64_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const bool gone =
        log::segment_of(item.address) < first_segment || (item.previous_segment != 0 && item.previous_segment < first_segment);
    if (gone) keep = base_ + i + 1;
  }
  drop_before(keep);
}

void History::raise_floor(Revision revision) {
  std::lock_guard lock(mutex_);
  std::uint64_t keep = base_;
  while (keep < base_ + items_.size() && items_[keep - base_].revision <= revision) ++keep;
  drop_before(keep);
  oldest_ = std::max(oldest_, revision);
  published_ = std::max(published_, revision);
}

Revision History::oldest() const {
  std::lock_guard lock(mutex_);
  return oldest_;
}

std::uint64_t History::memory_bytes() const {
  std::lock_guard lock(mutex_);
  return hot_bytes_;
}

std::size_t History::size() const {
  std::lock_guard lock(mutex_);
  return items_.size();
}

Result<std::unique_ptr<Watch>> History::watch(std::string_view prefix, Revision after, Loop& loop, Task wake) {
  auto state = std::make_shared<WatchState>(prefix, after, loop, std::move(wake));
  bool wake_now = false;
  {
    std::lock_guard lock(mutex_);
    if (after < oldest_) return expired(after, oldest_);
    const KeyParts parts(prefix);
    if (!parts.kind.empty()) state->channel = &channels_[std::string(parts.kind)];
    const auto first =
        std::partition_point(items_.begin(), items_.end(), [&](const Item& item) { return item.revision <= after; });
    state->cursor = base_ + static_cast<std::uint64_t>(first - items_.begin());
    state->pending = wake_now = state->woken = first != items_.end();
    std::vector<WatchState*>& same = watches_[state->home];
    state->slot = same.size();
    same.push_back(state.get());
  }
  auto watch = std::make_unique<HistoryWatch>(*this, state);
  if (wake_now) post_wakes({state});
  return std::unique_ptr<Watch>(std::move(watch));
}

void History::leave(WatchState& watch) {
  std::lock_guard lock(mutex_);
  const auto found = watches_.find(watch.home);
  std::vector<WatchState*>& same = found->second;
  same[watch.slot] = same.back();
  same[watch.slot]->slot = watch.slot;
  same.pop_back();
  if (same.empty()) watches_.erase(found);
}

// Takes what may match from the cursor on. Returns whether the end was reached.
bool History::collect(WatchState& watch, std::size_t events_max, std::vector<Item>& found, Revision& progress) {
  const std::uint64_t end = base_ + items_.size();
  std::size_t loads = 0;
  auto take = [&](std::uint64_t position) {
    const Item& item = items_[position - base_];
    if (found.size() >= events_max || loads >= kLoadsPerCall) return false;
    watch.cursor = position + 1;
    progress = item.revision;
    if (item.revision <= watch.after || (watch.scope_hash != 0 && item.scope_hash != watch.scope_hash)) return true;
    if (item.hot != nullptr && !starts_with(item.hot->current->key(), watch.prefix)) return true;
    if (item.hot == nullptr) ++loads;
    found.push_back(item);
    return true;
  };
  if (watch.channel == nullptr) {
    while (watch.cursor < end) {
      if (!take(watch.cursor)) return false;
    }
  } else {
    const std::deque<std::uint64_t>& positions = watch.channel->positions;
    for (auto it = std::lower_bound(positions.begin(), positions.end(), watch.cursor); it != positions.end(); ++it) {
      if (!take(*it)) return false;
    }
  }
  watch.cursor = end;
  return true;
}

// What the history cannot tell from memory is read and may turn out not to match: then it goes on, for a bounded number of
// reads.
Result<std::vector<EventPtr>> History::next(WatchState& watch, std::size_t events_max, Revision& progress) {
  std::vector<EventPtr> events;
  std::size_t loads = 0;
  bool at_end = false;
  while (events.empty() && !at_end && loads < kLoadsPerCall) {
    std::vector<Item> found;
    {
      std::lock_guard lock(mutex_);
      if (watch.pending && watch.cursor < base_) return expired(watch.after, oldest_);
      at_end = !watch.pending || collect(watch, events_max, found, progress);
      watch.pending = watch.woken = !at_end;
      if (at_end) progress = std::max(published_, watch.after);
    }
    for (const Item& item : found) {
      if (item.hot == nullptr) ++loads;
      EventPtr event = item.hot != nullptr ? item.hot : TRY(load(item));
      if (starts_with(event->current->key(), watch.prefix)) events.push_back(std::move(event));
    }
  }
  if (!at_end && events.empty()) post_wakes({watch.shared_from_this()});
  return events;
}

Result<RecordPtr> History::load_record(log::Address address, std::uint32_t size) const {
  const std::string bytes = TRY(log_->read(address, size));
  const LogEntry entry = TRY(decode_entry(bytes));
  return codec_.decode(entry.first);
}

Result<EventPtr> History::load(const Item& item) const {
  const std::string bytes = TRY(log_->read(item.address, item.size));
  const LogEntry entry = TRY(decode_entry(bytes));
  auto event = std::make_shared<Event>();
  event->revision = entry.number;
  if (entry.number != item.revision)
    return Error(Reason::kStoreReadError, "the log holds another change than the history says");
  if (!entry.second.empty())
    event->previous = TRY(codec_.decode(entry.second));
  else if (entry.previous_address != 0)
    event->previous = TRY(load_record(entry.previous_address, entry.previous_size));
  if (entry.type == EntryType::kPut) {
    event->current = TRY(codec_.decode(entry.first));
    return EventPtr(std::move(event));
  }
  event->type = EventType::kDelete;
  if (!entry.third.empty()) {
    event->current = TRY(codec_.decode(entry.third));
  } else if (event->previous != nullptr) {
    MutableRecordPtr last = RecordBuilder::copy(*event->previous);
    RecordBuilder::stamp(*last, event->revision, event->previous->create_revision());
    event->current = std::move(last);
  } else {
    return Error(Reason::kStoreReadError, "the log holds a deletion without the state before it");
  }
  return EventPtr(std::move(event));
}

}  // namespace plinth::store
