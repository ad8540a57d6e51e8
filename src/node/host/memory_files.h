// A file system in memory: of the virtual node, and of tests, where calls can be made to fail. Mounts work: a bind shows
// another folder, a tmpfs is a folder of its own with a size.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/host/host_files.h"

namespace plinth::node {

// Not thread-safe: of one loop, or of a pool that runs on it.
class MemoryFiles final : public HostFiles {
 public:
  static constexpr std::uint64_t kBytesMax = 256ull << 20;  // of all files together; beyond: InsufficientStorage
  static constexpr int kLinksMax = 40;                      // followed on the way to one file

  MemoryFiles();
  ~MemoryFiles() override;

  Result<std::optional<FileInfo>> info(const std::string& path, bool follow) override;
  Result<void> make_directories(const std::string& path, std::uint32_t mode) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
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
  Result<DiskUsage> usage(const std::string& path) override;
  Result<void> mount(const MountRequest& request) override;
  Result<void> unmount(const std::string& target) override;
  Result<std::vector<MountEntry>> mounts() override;
  Result<bool> is_mounted(const std::string& path) override;
  Result<void> bind_inside(const std::string& root, const std::string& path, const std::string& target, bool readonly) override;

  // A file of another type (socket, device), for tests of hostPath.
  void make_special(const std::string& path, FileType type);
  // Asked before each call; an error is its outcome. `call` is the member's name.
  void set_fault(std::function<Result<void>(std::string_view call, const std::string& path)> fault) {
    fault_ = std::move(fault);
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Mounted {
    MountEntry entry;
    NodePtr covered, shown;  // what lies below, what is seen
  };
  Result<void> check(std::string_view call, const std::string& path) const;
  // Nothing when it is not there. Intermediate links are followed, a last one when asked.
  Result<NodePtr> find(const std::string& path, bool follow_last);
  Result<NodePtr> walk(std::vector<std::string> parts, bool follow_last);
  Result<NodePtr> require(const std::string& path, bool follow_last);
  Result<NodePtr> parent_of(const std::string& path, std::string& name);
  Result<void> store(const std::string& path, std::string_view data, std::uint32_t mode, bool append);
  NodePtr over(NodePtr node) const;  // what is mounted there, or itself
  Result<void> remove_below(const NodePtr& node, const std::string& path);

  NodePtr root_;
  std::vector<Mounted> mounts_;
  std::uint64_t bytes_ = 0;
  std::function<Result<void>(std::string_view, const std::string&)> fault_;
};

}  // namespace plinth::node
