// The machine's file system and mounts behind node/host/host_files.h.
#pragma once

#include "node/host/host_files.h"

namespace plinth::node_real {

// From any thread; needs root for mounts and owners.
class RealFiles final : public node::HostFiles {
 public:
  Result<std::optional<node::FileInfo>> info(const std::string& path, bool follow = false) override;
  Result<void> make_directories(const std::string& path, std::uint32_t mode) override;
  Result<std::vector<node::DirectoryEntry>> list(const std::string& directory) override;
  Result<std::string> read(const std::string& path, std::uint64_t offset, std::size_t bytes_max) override;
  Result<void> write(const std::string& path, std::string_view data, std::uint32_t mode) override;
  Result<void> append(const std::string& path, std::string_view data, std::uint32_t mode) override;
  Result<void> set_mode(const std::string& path, std::uint32_t mode) override;
  Result<void> set_owner(const std::string& path, std::int64_t uid, std::int64_t gid) override;
  Result<void> symlink(const std::string& target, const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_all(const std::string& path) override;
  Result<node::DiskUsage> usage(const std::string& path) override;

  Result<void> mount(const node::MountRequest& request) override;
  Result<void> unmount(const std::string& target) override;
  Result<std::vector<node::MountEntry>> mounts() override;
  Result<bool> is_mounted(const std::string& path) override;
  Result<void> bind_inside(const std::string& root, const std::string& path, const std::string& target, bool readonly) override;
};

}  // namespace plinth::node_real
