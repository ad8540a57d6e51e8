#include "store/loader.h"

#include <algorithm>

#include <fmt/core.h>

namespace plinth::store {

Result<void> Loader::group(const log::Group& group) {
  const bool applies = group.sequence > covered_sequence_;
  std::uint32_t entries = 0;
  TRY(decode_entries(group.payload, [&](const LogEntry& found, std::size_t offset) -> Result<void> {
    ++entries;
    return entry(found, group.address + offset, applies);
  }));
  if (entries != group.records) {
    return Error(Reason::kStoreReadError,
                 fmt::format("group {} of the log has {} entries, not {}", group.sequence, entries, group.records));
  }
  return {};
}

Result<void> Loader::entry(const LogEntry& entry, log::Address address, bool applies) {
  if (entry.type == EntryType::kFloor) {
    history_.raise_floor(entry.number);
    if (applies) state_.revision = std::max(state_.revision, entry.number);
    return {};
  }
  if (entry.type == EntryType::kPut || entry.type == EntryType::kDelete) {
    if (first_revision_ == 0) first_revision_ = entry.number;
    Change change;
    change.key = entry.type == EntryType::kPut ? RecordCodec::key_of(entry.first) : entry.first;
    change.revision = entry.number;
    change.address = address;
    change.size = entry.size;
    change.previous_segment = static_cast<std::uint32_t>(log::segment_of(entry.previous_address));
    history_.publish({change}, entry.number);
  }
  return applies ? apply(entry, address) : Result<void>();
}

Result<void> Loader::apply(const LogEntry& entry, log::Address address) {
  switch (entry.type) {
    case EntryType::kPut: {
      MutableRecordPtr record = TRY(codec_.decode_mutable(entry.first));
      RecordBuilder::set_log_place(*record, address, entry.size);
      state_.put(std::move(record));
      state_.revision = std::max(state_.revision, entry.number);
      break;
    }
    case EntryType::kDelete:
      state_.erase(entry.first);
      state_.revision = std::max(state_.revision, entry.number);
      break;
    case EntryType::kCounter:
    case EntryType::kClaim: {
      const bool claim = entry.type == EntryType::kClaim;
      state_.set_ledger(std::make_shared<const LedgerEntry>(
          LedgerEntry{std::string(entry.first), claim, static_cast<std::int64_t>(entry.number), std::string(entry.second)}));
      break;
    }
    case EntryType::kFloor:
      break;
  }
  return {};
}

// A log whose beginning was cut does not say what came before its first event.
void Loader::finish(const log::Recovery& recovery, std::uint64_t first_segment) {
  const bool whole = recovery.first_sequence == 1 || (recovery.groups == 0 && covered_sequence_ == 0);
  if (!whole) history_.raise_floor(first_revision_ != 0 ? first_revision_ - 1 : state_.revision);
  history_.trim(first_segment);
  history_.publish({}, state_.revision);
}

}  // namespace plinth::store
