// Everything at one revision as a file (docs/formats/store.md): written block by block, so that the one who writes can pause.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/world.h"
#include "store/record_codec.h"
#include "store/state.h"

namespace plinth::store {

struct SnapshotInfo {
  Revision revision = 0;
  std::uint64_t group_sequence = 0;  // the last log group that is in it
  std::uint64_t segment = 0;         // where that group is
  bool foreign = false;              // made for another directory: log addresses mean nothing, revisions have to jump
};

class SnapshotWriter {
 public:
  // Writes to `path` + ".tmp" until finish().
  static Result<std::unique_ptr<SnapshotWriter>> create(Disk& disk, std::string path, const RecordCodec& codec,
                                                        StateSnapshotPtr snapshot, SnapshotInfo info);
  ~SnapshotWriter();
  // One block; false when everything is written.
  Result<bool> step();
  // Durable under its name.
  Result<void> finish();
  std::uint64_t bytes() const { return offset_; }
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }
  // Makes what was written so far durable, so that no later sync has much to do.
  Result<void> sync() { return file_->sync(); }

 private:
  SnapshotWriter(Disk& disk, std::string path, const RecordCodec& codec, StateSnapshotPtr snapshot, SnapshotInfo info);
  enum class Phase : std::uint8_t { kRecords, kLedgers, kEnd, kWritten };
  Result<void> write_block(std::uint32_t type, std::string payload);
  Result<void> records_block();
  Result<void> ledgers_block();
  Result<void> end_block();

  Disk& disk_;
  const std::string path_;
  const RecordCodec& codec_;
  const StateSnapshotPtr snapshot_;
  const SnapshotInfo info_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_ = 0;
  Phase phase_ = Phase::kRecords;
  std::string next_key_;  // where the next block begins
  std::uint64_t records_ = 0, ledgers_ = 0;
  bool finished_ = false;
};

// Reads a whole file; damage and a newer version are errors that say what to do.
Result<State> read_snapshot(File& file, const std::string& path, const RecordCodec& codec, SnapshotInfo& info);

// Copies a snapshot file to be the beginning of another directory. Sets `sealed` when it holds encrypted records.
Result<void> copy_snapshot_as_foreign(Disk& disk, const std::string& from, const std::string& to, bool& sealed);

std::string snapshot_name(Revision revision);
// The revision, or nothing when it is not a snapshot's name.
std::optional<Revision> snapshot_revision(std::string_view name);

}  // namespace plinth::store
