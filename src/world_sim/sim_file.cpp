#include "world_sim/sim_file.h"

#include <fmt/format.h>

namespace plinth::world_sim {

Result<void> SimFile::check(const char* what, bool changes) const {
  std::string call = fmt::format("{} {}", what, path_);
  if (!disk_.alive(boot_)) return disk_.crashed_error(call);
  if (changes && read_only_) return Error(Reason::kForbidden, call + ": the file is open for reading only");
  if (changes && sync_failed_) return internal_error(call + ": an earlier sync of the file failed");
  return {};
}

Result<std::size_t> SimFile::read_at(std::uint64_t offset, std::span<char> out) {
  std::lock_guard lock(disk_.mutex_);
  TRY(check("read", false));
  TRY(disk_.begin(DiskOperation::kRead, "read " + path_));
  return inode_->read(offset, out);
}

Result<void> SimFile::write_at(std::uint64_t offset, std::string_view data) {
  std::lock_guard lock(disk_.mutex_);
  TRY(check("write", true));
  return disk_.write(*inode_, path_, offset, data);
}

Result<void> SimFile::write_at(std::uint64_t offset, std::span<const std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) joined += part;
  return write_at(offset, joined);
}

Result<void> SimFile::sync() {
  std::lock_guard lock(disk_.mutex_);
  TRY(check("sync", true));
  if (auto begun = disk_.begin(DiskOperation::kSync, "sync " + path_); !begun.ok()) {
    sync_failed_ = true;
    inode_->fail_sync(disk_.random_);
    return begun;
  }
  inode_->sync();
  return {};
}

Result<void> SimFile::truncate(std::uint64_t size) {
  std::lock_guard lock(disk_.mutex_);
  TRY(check("truncate", true));
  TRY(disk_.begin(DiskOperation::kTruncate, "truncate " + path_));
  TRY(disk_.grow(*inode_, path_, size));
  inode_->truncate(size);
  return {};
}

Result<std::uint64_t> SimFile::size() {
  std::lock_guard lock(disk_.mutex_);
  TRY(check("stat", false));
  return inode_->size();
}

SimFileLock::~SimFileLock() {
  std::lock_guard lock(disk_.mutex_);
  if (boot_ == disk_.boot_) disk_.locks_.erase(path_);
}

}  // namespace plinth::world_sim
