// One change as it stands in a group of the object log (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "log/format.h"
#include "store/record_codec.h"
#include "store/state.h"

namespace plinth::store {

enum class EntryType : std::uint8_t { kPut = 1, kDelete = 2, kCounter = 3, kClaim = 4, kFloor = 5 };

// The parts refer to the bytes that were decoded.
struct LogEntry {
  EntryType type = EntryType::kPut;
  std::uint64_t number = 0;  // the revision; of a counter its new value
  // Where the state before this change is in the log; 0: in `second`, or there was none.
  log::Address previous_address = 0;
  std::uint32_t previous_size = 0;
  std::string_view first;   // put: the record; delete: the key; ledgers: the id
  std::string_view second;  // the previous record, when it is not referred to; of a claim its owner
  std::string_view third;   // of a delete: the last state, when it is not the previous one
  std::uint32_t size = 0;   // in the log, all included
};

// What an entry says about the state before: a record of its own, or a place in the log.
struct PreviousState {
  const Record* embedded = nullptr;
  log::Address address = 0;
  std::uint32_t size = 0;
};

// Each appends one entry to `out`. After an error `out` must be thrown away.
Result<void> append_put(const RecordCodec& codec, const Record& record, const PreviousState& previous, std::string& out);
Result<void> append_delete(const RecordCodec& codec, std::string_view key, Revision revision, const PreviousState& previous,
                           const Record* last_state, std::string& out);
void append_ledger(const LedgerEntry& entry, std::string& out);
void append_floor(Revision revision, std::string& out);

Result<LogEntry> decode_entry(std::string_view bytes);
// All entries of a group's payload; `visit` also gets the offset in the payload.
Result<void> decode_entries(std::string_view payload,
                            const std::function<Result<void>(const LogEntry&, std::size_t offset)>& visit);

}  // namespace plinth::store
