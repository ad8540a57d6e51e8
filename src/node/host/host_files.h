// The node's file system as volumes, logs and termination messages use it: directories, small files, links, mounts. Calls
// block: they are made on a pool. The real one works on the machine; the one in memory serves the virtual node and simulations.
//
// Errors: NotFound, AlreadyExists, Forbidden (no right), InsufficientStorage (full), BadRequest (wrong type, a link where none
// may be), InternalError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::node {

enum class FileType : std::uint8_t { kFile, kDirectory, kLink, kSocket, kCharDevice, kBlockDevice, kOther };

struct FileInfo {
  FileType type = FileType::kFile;
  std::uint32_t mode = 0;  // permission bits with setuid, setgid and sticky
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size = 0;
};

struct DirectoryEntry {
  std::string name;
  FileType type = FileType::kFile;
};

struct MountEntry {
  std::string target, source, type, options;
};

struct DiskUsage {
  std::uint64_t bytes = 0, inodes = 0;
};

struct MountRequest {
  std::string source, target, type;     // type "tmpfs", "hugetlbfs", "ext4"...; "" with bind
  bool bind = false, readonly = false;  // a bind is made, then made read-only where asked
  std::vector<std::string> options;     // "size=8388608", "noatime"
};

class HostFiles {
 public:
  virtual ~HostFiles() = default;

  // Of the path itself, links not followed (`follow`: of what it leads to). Nothing when it is not there.
  virtual Result<std::optional<FileInfo>> info(const std::string& path, bool follow = false) = 0;
  // Makes it and what is missing above it (those 0755). `mode` holds whatever the umask is; one that is there keeps its own.
  virtual Result<void> make_directories(const std::string& path, std::uint32_t mode) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;  // sorted by name
  virtual Result<std::string> read(const std::string& path, std::uint64_t offset,
                                   std::size_t bytes_max) = 0;  // short only at the end
  // Makes the file or replaces its content in place.
  virtual Result<void> write(const std::string& path, std::string_view data, std::uint32_t mode) = 0;
  virtual Result<void> append(const std::string& path, std::string_view data, std::uint32_t mode) = 0;
  virtual Result<void> set_mode(const std::string& path, std::uint32_t mode) = 0;
  // Links are not followed. A negative id stays as it is.
  virtual Result<void> set_owner(const std::string& path, std::int64_t uid, std::int64_t gid) = 0;
  virtual Result<void> symlink(const std::string& target, const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // atomic; replaces
  virtual Result<void> remove(
      const std::string& path) = 0;  // a file, a link or an empty directory; succeeds when it is not there
  // Everything below and the path itself. Refuses to enter another file system (a mount that was forgotten): BadRequest.
  virtual Result<void> remove_all(const std::string& path) = 0;
  virtual Result<DiskUsage> usage(const std::string& path) = 0;  // of everything below, this file system only

  virtual Result<void> mount(const MountRequest& request) = 0;
  virtual Result<void> unmount(const std::string& target) = 0;  // succeeds when nothing is mounted there
  virtual Result<std::vector<MountEntry>> mounts() = 0;
  // Whether something is mounted right there. Costs no look at all the other mounts, of which a node has several for each pod.
  virtual Result<bool> is_mounted(const std::string& path) = 0;
  // Binds `root`/`path` on `target`. Each component is opened without following links, so that nothing a container writes
  // leads outside of `root`: BadRequest when a component is a link. Missing ones are made with the mode of `root`. `path` is
  // relative, without "..". The target (a file or a directory, as what is bound) is made.
  virtual Result<void> bind_inside(const std::string& root, const std::string& path, const std::string& target,
                                   bool readonly) = 0;
};

}  // namespace plinth::node
