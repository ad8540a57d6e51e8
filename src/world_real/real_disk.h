// The machine's file system.
#pragma once

#include "base/world.h"

namespace plinth::world_real {

// Thread-safe; each File is for one thread at a time, except read_at, which any number may call.
class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, int permissions) override;
  Result<void> make_directories(const std::string& path, int permissions) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& directory) override;
  // flock(2) on `path`, created when absent: the kernel lets go of it when the process dies.
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& directory) override;
};

}  // namespace plinth::world_real
