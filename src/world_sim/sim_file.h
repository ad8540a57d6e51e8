// Open files and locks of a SimDisk.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "world_sim/sim_disk.h"

namespace plinth::world_sim {

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimInode> inode, std::string path, bool read_only, std::uint64_t boot)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), read_only_(read_only), boot_(boot) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override;
  Result<void> write_at(std::uint64_t offset, std::string_view data) override;
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override;
  Result<void> sync() override;
  Result<void> truncate(std::uint64_t size) override;
  Result<std::uint64_t> size() override;

 private:
  Result<void> check(const char* what, bool changes) const;

  SimDisk& disk_;
  std::shared_ptr<SimInode> inode_;
  std::string path_;
  bool read_only_;
  std::uint64_t boot_;
  bool sync_failed_ = false;
};

class SimFileLock final : public FileLock {
 public:
  SimFileLock(SimDisk& disk, std::string path, std::uint64_t boot) : disk_(disk), path_(std::move(path)), boot_(boot) {}
  ~SimFileLock() override;

 private:
  SimDisk& disk_;
  std::string path_;
  std::uint64_t boot_;
};

}  // namespace plinth::world_sim
