#include "store/writer.h"

#include <algorithm>

#include <fmt/core.h>

namespace plinth::store {
namespace {

CommitOutcome failed(CommitOutcome::Kind kind, std::size_t index) {
  CommitOutcome outcome;
  outcome.kind = kind;
  outcome.failed_index = index;
  return outcome;
}

CommitOutcome failed(Error error) {
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kError;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace

Writer::Writer(Parts parts, State state)
    : parts_(std::move(parts)), state_(std::move(state)), next_revision_(state_.revision + 1) {
  published_ = std::make_shared<StateSnapshot>(state_);
  state_.freeze();
  if (parts_.log != nullptr) {
    published_sequence_ = parts_.log->last_sequence();
    last_segment_ = published_segment_ = parts_.log->active_segment();
  }
}

void Writer::process(std::vector<Pending> batch, Delivery delivery) {
  announce();
  while (try_batch(batch) == Attempt::kAgain) roll_back();
  if (delivery == Delivery::kPosted) announce();
  deliver(std::move(batch), delivery);
  if (parts_.log == nullptr || !parts_.needs_housekeeping) return;
  const std::uint64_t segment = parts_.log->active_segment();
  if (std::exchange(last_segment_, segment) != segment || growth_refused()) parts_.needs_housekeeping();
}

// kAgain: the state is to be rolled back and the batch tried anew; it makes progress because a transaction then has its outcome
// or growth is refused.
Writer::Attempt Writer::try_batch(std::vector<Pending>& batch) {
  Group group;
  group.bytes.assign(log::kGroupHeaderBytes, '\0');
  for (Pending& pending : batch) {
    if (pending.outcome && pending.outcome->kind == CommitOutcome::Kind::kError) continue;
    LedgerPlan plan;
    pending.outcome = refusal(pending, plan);
    if (pending.outcome) continue;
    auto result = apply(pending, plan, group);
    if (!result.ok()) {
      pending.outcome = failed(std::move(result).error());
      return Attempt::kAgain;
    }
    pending.outcome.emplace();
    pending.outcome->kind = CommitOutcome::Kind::kCommitted;
    pending.outcome->committed = std::move(result).value();
  }
  if (group.entries == 0) return Attempt::kDone;
  auto durable = make_durable(group);
  if (durable.ok()) {
    make_visible(std::move(group));
    return Attempt::kDone;
  }
  const bool full = durable.error().reason() == Reason::kInsufficientStorage;
  if (full && !growth_refused()) {
    refuse_growth(durable.error().message());
    return Attempt::kAgain;
  }
  roll_back();
  fail(batch, durable.error());
  return Attempt::kDone;
}

void Writer::roll_back() {
  state_ = published()->state();
  state_.freeze();
}

void Writer::fail(std::vector<Pending>& batch, const Error& error) {
  for (Pending& pending : batch) {
    if (pending.outcome->kind == CommitOutcome::Kind::kCommitted) pending.outcome = failed(error.clone());
  }
  if (error.reason() == Reason::kInsufficientStorage) return;
  std::lock_guard lock(mutex_);
  failure_ = error.message();
}

std::optional<CommitOutcome> Writer::refusal(const Pending& pending, LedgerPlan& plan) const {
  const Transaction& transaction = pending.transaction;
  if (transaction.deadline_ns != 0 && parts_.clock->monotonic_ns() > transaction.deadline_ns) {
    return failed(Error(Reason::kTimeout, "the request's time was over before the store could commit it"));
  }
  if (const auto index = failed_precondition(transaction)) return failed(CommitOutcome::Kind::kPreconditionFailed, *index);
  if (!transaction.reservations.empty()) {
    plan = plan_reservations(state_, transaction.reservations);
    if (plan.failed) return failed(CommitOutcome::Kind::kReservationFailed, *plan.failed);
  }
  if (auto error = no_room(pending)) return failed(std::move(*error));
  return {};
}

std::optional<std::size_t> Writer::failed_precondition(const Transaction& transaction) const {
  for (std::size_t i = 0; i < transaction.preconditions.size(); ++i) {
    const Precondition& condition = transaction.preconditions[i];
    const RecordPtr record = state_.find(condition.key);
    bool holds = record != nullptr;
    switch (condition.kind) {
      case Precondition::Kind::kAbsent:
        holds = record == nullptr;
        break;
      case Precondition::Kind::kAtRevision:
        holds = holds && record->revision() == condition.revision;
        break;
      case Precondition::Kind::kExists:
        break;
      case Precondition::Kind::kUid:
        holds = holds && record->uid() == condition.uid;
        break;
    }
    if (!holds) return i;
  }
  return {};
}

std::optional<Error> Writer::no_room(const Pending& pending) const {
  std::int64_t growth = 0;
  bool puts = false;
  for (std::size_t i = 0; i < pending.transaction.writes.size(); ++i) {
    const Write& write = pending.transaction.writes[i];
    const RecordPtr before = state_.find(write.key);
    if (before != nullptr) growth -= static_cast<std::int64_t>(before->bytes().size());
    if (!write.put) continue;
    growth += static_cast<std::int64_t>(pending.records[i]->bytes().size());
    puts = puts || !write.lease;
  }
  if (!puts) return {};
  // A full disk stops every put but leases: each takes room in the log, also one that replaces.
  if (growth_refused()) {
    std::lock_guard lock(mutex_);
    if (!growth_reason_.empty()) return Error(Reason::kInsufficientStorage, growth_reason_);
  }
  if (parts_.bytes_max == 0 || growth <= 0 || state_.bytes() + static_cast<std::uint64_t>(growth) <= parts_.bytes_max)
    return {};
  return Error(
      Reason::kInsufficientStorage,
      fmt::format("the store is full: its objects hold {} of {} bytes (--max-store-bytes); delete objects or raise the limit",
                  state_.bytes(), parts_.bytes_max));
}

Result<CommitResult> Writer::apply(Pending& pending, const LedgerPlan& plan, Group& group) {
  CommitResult result;
  for (std::size_t i = 0; i < pending.transaction.writes.size(); ++i) {
    const Write& write = pending.transaction.writes[i];
    result.records.push_back(write.put ? TRY(apply_put(write, pending.records[i], group))
                                       : TRY(apply_delete(write, pending.records[i], group)));
  }
  for (const LedgerEntryPtr& entry : plan.entries) {
    append_ledger(*entry, group.bytes);
    ++group.entries;
    state_.set_ledger(entry);
  }
  result.revision = state_.revision;
  return result;
}

// What is not in the log yet, or so far back that its segment may go before this change's, is written again. On a full disk
// room is worth more than history: then anything that is still in the log is referred to.
PreviousState Writer::previous_state(const RecordPtr& previous) const {
  if (previous == nullptr) return {};
  const log::Address address = RecordBuilder::log_address(*previous);
  const bool kept = parts_.log != nullptr && address != 0 && log::segment_of(address) >= parts_.log->first_segment();
  const bool near = log::segment_of(address) + parts_.embed_segments >= (kept ? parts_.log->active_segment() : 0);
  if (!kept || (!near && !growth_refused())) return {previous.get(), 0, 0};
  return {nullptr, address, RecordBuilder::log_size(*previous)};
}

Result<RecordPtr> Writer::apply_put(const Write& write, MutableRecordPtr record, Group& group) {
  const RecordPtr previous = state_.find(write.key);
  const Revision revision = next_revision_++;
  const bool same = previous != nullptr && previous->uid() == record->uid();
  RecordBuilder::stamp(*record, revision, same ? previous->create_revision() : revision);
  const PreviousState before = previous_state(previous);
  const std::size_t offset = group.bytes.size();
  if (parts_.log != nullptr) TRY(append_put(*parts_.codec, *record, before, group.bytes));
  state_.put(record);
  state_.revision = revision;
  auto event = std::make_shared<Event>(Event{EventType::kPut, revision, record, previous});
  place(group, offset, before, Placed{record, {}, 0, std::move(event), write.key});
  return RecordPtr(std::move(record));
}

Result<RecordPtr> Writer::apply_delete(const Write& write, MutableRecordPtr last_state, Group& group) {
  const RecordPtr previous = state_.find(write.key);
  if (previous == nullptr) return RecordPtr();
  const Revision revision = next_revision_++;
  const bool own_state = last_state != nullptr;
  if (!own_state) last_state = RecordBuilder::copy(*previous);
  RecordBuilder::stamp(*last_state, revision, previous->create_revision());
  const PreviousState before = previous_state(previous);
  const std::size_t offset = group.bytes.size();
  if (parts_.log != nullptr) {
    TRY(append_delete(*parts_.codec, write.key, revision, before, own_state ? last_state.get() : nullptr, group.bytes));
  }
  state_.erase(write.key);
  state_.revision = revision;
  auto event = std::make_shared<Event>(Event{EventType::kDelete, revision, last_state, previous});
  place(group, offset, before, Placed{nullptr, {}, 0, std::move(event), write.key});
  return RecordPtr(std::move(last_state));
}

void Writer::place(Group& group, std::size_t offset, const PreviousState& previous, Placed placed) {
  placed.offset = offset - log::kGroupHeaderBytes;
  placed.change.revision = placed.event->revision;
  placed.change.size = static_cast<std::uint32_t>(group.bytes.size() - offset);
  placed.change.previous_segment = static_cast<std::uint32_t>(log::segment_of(previous.address));
  placed.change.event = placed.event;
  group.placed.push_back(std::move(placed));
  ++group.entries;
}

Result<void> Writer::make_durable(Group& group) {
  if (parts_.log == nullptr) return {};
  const log::Address address = TRY(parts_.log->begin(group.bytes.size() - log::kGroupHeaderBytes));
  for (Placed& placed : group.placed) {
    placed.change.address = address + placed.offset;
    if (placed.record != nullptr) RecordBuilder::set_log_place(*placed.record, placed.change.address, placed.change.size);
  }
  const std::int64_t begin = parts_.clock->monotonic_ns();
  TRY(parts_.log->append(group.bytes, group.entries, state_.revision));
  const auto took = static_cast<std::uint64_t>(parts_.clock->monotonic_ns() - begin);
  counts_.sync_ns += took;
  counts_.last_sync_ns = took;
  counts_.log_bytes += group.bytes.size();
  return {};
}

// Readers see the new state before a watch says that there is one (announce).
void Writer::make_visible(Group group) {
  auto snapshot = std::make_shared<StateSnapshot>(state_);
  state_.freeze();
  const Revision revision = state_.revision;
  std::vector<std::pair<Loop*, Task>> reached;
  StateSnapshotPtr old;
  {
    std::lock_guard lock(mutex_);
    old = std::exchange(published_, std::move(snapshot));
    if (parts_.log != nullptr) {
      published_sequence_ = parts_.log->last_sequence();
      published_segment_ = parts_.log->active_segment();
    }
    const auto end = waiting_.lower_bound({revision + 1, 0});
    for (auto it = waiting_.begin(); it != end; ++it) reached.push_back(std::move(it->second));
    waiting_.erase(waiting_.begin(), end);
  }
  counts_.groups += 1;
  unannounced_ = std::move(group);
  for (auto& [loop, task] : reached) loop->post(std::move(task));
}

void Writer::announce() {
  if (!unannounced_) return;
  std::vector<Change> changes;
  changes.reserve(unannounced_->placed.size());
  for (Placed& placed : unannounced_->placed) {
    placed.change.key = placed.key;
    changes.push_back(placed.change);
  }
  parts_.history->publish(changes, state_.revision);
  unannounced_.reset();
}

void Writer::deliver(std::vector<Pending> batch, Delivery delivery) {
  // One task per loop and a bounded number of answers each: an answer writes to a connection.
  constexpr std::size_t kAnswersPerTask = 16;
  std::map<Loop*, std::vector<std::pair<CommitDone, CommitOutcome>>> answers;
  auto post = [](Loop& loop, std::vector<std::pair<CommitDone, CommitOutcome>> some) {
    loop.post([some = std::move(some)]() mutable {
      for (auto& [done, outcome] : some) done(std::move(outcome));
    });
  };
  for (Pending& pending : batch) {
    if (pending.outcome->kind == CommitOutcome::Kind::kCommitted) counts_.commits += 1;
    if (delivery == Delivery::kDirect && pending.loop->in_loop()) {
      pending.done(std::move(*pending.outcome));
      continue;
    }
    auto& some = answers[pending.loop];
    some.emplace_back(std::move(pending.done), std::move(*pending.outcome));
    if (some.size() >= kAnswersPerTask) post(*pending.loop, std::exchange(some, {}));
  }
  for (auto& [loop, some] : answers) {
    if (!some.empty()) post(*loop, std::move(some));
  }
}

Result<void> Writer::write_floor(Revision revision) {
  announce();
  Group group;
  group.bytes.assign(log::kGroupHeaderBytes, '\0');
  append_floor(revision, group.bytes);
  group.entries = 1;
  state_.revision = std::max(state_.revision, revision);
  next_revision_ = state_.revision + 1;
  TRY(make_durable(group));
  make_visible(std::move(group));
  announce();
  parts_.history->raise_floor(revision);
  return {};
}

Result<void> Writer::write_end() {
  Group group;
  group.bytes.assign(log::kGroupHeaderBytes, '\0');
  return make_durable(group);
}

Result<void> Writer::move_on() { return parts_.log != nullptr ? parts_.log->rotate() : Result<void>(); }

StateSnapshotPtr Writer::published() const {
  std::lock_guard lock(mutex_);
  return published_;
}

StateSnapshotPtr Writer::published(std::uint64_t& group_sequence, std::uint64_t& segment) const {
  std::lock_guard lock(mutex_);
  group_sequence = published_sequence_;
  segment = published_segment_;
  return published_;
}

PublishedTicket Writer::when_published(Revision revision, Loop& loop, Task task) {
  {
    std::lock_guard lock(mutex_);
    if (published_->revision() < revision) {
      const PublishedTicket ticket{revision, ++last_ticket_};
      waiting_.emplace(std::make_pair(revision, ticket.number), std::make_pair(&loop, std::move(task)));
      return ticket;
    }
  }
  loop.post(std::move(task));
  return {};
}

void Writer::forget(const PublishedTicket& ticket) {
  std::pair<Loop*, Task> dropped;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  const auto found = waiting_.find({ticket.revision, ticket.number});
  if (found == waiting_.end()) return;
  dropped = std::move(found->second);
  waiting_.erase(found);
}

void Writer::refuse_growth(std::string reason) {
  std::lock_guard lock(mutex_);
  growth_refused_.store(!reason.empty(), std::memory_order_relaxed);
  growth_reason_ = std::move(reason);
}

std::string Writer::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace plinth::store
