// Builds state and history from what is on disk: a snapshot, if there is one, and the log after it.
#pragma once

#include <cstdint>

#include "log/log.h"
#include "store/history.h"
#include "store/record_codec.h"
#include "store/state.h"

namespace plinth::store {

class Loader {
 public:
  // The state is `snapshot`'s as of group `covered_sequence`; earlier groups only add to the history.
  Loader(const RecordCodec& codec, History& history, State snapshot, std::uint64_t covered_sequence)
      : codec_(codec), history_(history), state_(std::move(snapshot)), covered_sequence_(covered_sequence) {}
  // As Log::Visit.
  Result<void> group(const log::Group& group);
  // After the log was read.
  void finish(const log::Recovery& recovery, std::uint64_t first_segment);
  State& state() { return state_; }

 private:
  Result<void> entry(const LogEntry& entry, log::Address address, bool applies);
  Result<void> apply(const LogEntry& entry, log::Address address);

  const RecordCodec& codec_;
  History& history_;
  State state_;
  const std::uint64_t covered_sequence_;
  Revision first_revision_ = 0;
};

}  // namespace plinth::store
