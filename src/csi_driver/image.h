// The file that holds a volume: sparse, of the volume's size, with a filesystem in it or as a raw device. Calls block.
#pragma once

#include <cstdint>
#include <string>

#include "csi_driver/tools.h"
#include "world_real/unique_fd.h"

namespace plinth::csi_driver {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

// Filesystems that volumes can have, with the least size that their tools make.
struct FsKind {
  std::string_view name;
  std::int64_t bytes_min;
};
const FsKind* find_fs(std::string_view name);  // "ext4", "xfs"; nullptr for others

Result<void> create_sparse(const std::string& path, std::int64_t bytes);
// Never smaller than it is.
Result<void> grow_image(const std::string& path, std::int64_t bytes);
// The same content: shared blocks where the pool's filesystem can (FICLONE), else only what is data is copied.
// InsufficientStorage when the pool is full. The copy is durable.
Result<void> copy_image(const std::string& from, const std::string& to);

Result<void> make_filesystem(const RunTool& run, const std::string& path, const std::string& fs_type);
// Bytes that the filesystem in it covers, from its superblock; 0 when there is none that is known.
Result<std::int64_t> filesystem_bytes(const std::string& path, const std::string& fs_type);
// To the size of the file, while it is not mounted (ext4: checked first; xfs grows only while mounted, and nothing is done).
Result<void> grow_unmounted(const RunTool& run, const std::string& path, const std::string& fs_type);
// To `bytes`, while it is mounted on `mount_path`. Forbidden where the kernel wants a capability that this process lacks
// (ext4, CAP_SYS_RESOURCE).
Result<void> grow_mounted(const RunTool& run, const std::string& mount_path, const std::string& fs_type, std::int64_t bytes);

// Bytes of the pool that a file takes.
std::int64_t allocated_bytes(const std::string& path);

// Holds a mounted filesystem still, with all its data written, until it is destroyed.
class Frozen {
 public:
  static Result<Frozen> freeze(const std::string& mount_path);
  Frozen(Frozen&&) noexcept = default;
  Frozen& operator=(Frozen&&) = delete;
  ~Frozen();

 private:
  explicit Frozen(world_real::UniqueFd fd) : fd_(std::move(fd)) {}
  world_real::UniqueFd fd_;
};
// Of a freeze that a process left behind; one that is not frozen is no error.
void thaw(const std::string& mount_path);

}  // namespace plinth::csi_driver
