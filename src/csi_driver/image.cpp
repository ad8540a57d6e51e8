#include "csi_driver/image.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "world_real/posix_error.h"

namespace plinth::csi_driver {
namespace {

using world_real::posix_error;
using world_real::UniqueFd;

constexpr std::array<FsKind, 2> kKinds = {{{"ext4", kMiB}, {"xfs", 300 * kMiB}}};
constexpr std::size_t kCopyBytes = 1 << 20;
constexpr unsigned long kExt4Resize = _IOW('f', 16, std::uint64_t);  // EXT4_IOC_RESIZE_FS, in no installed header

Result<UniqueFd> open_file(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd.valid()) return posix_error("open " + path, errno);
  return fd;
}

Result<void> copy_range(int from, int to, off_t begin, off_t end) {
  static thread_local std::string buffer(kCopyBytes, '\0');
  while (begin < end) {
    const auto want = static_cast<std::size_t>(std::min<off_t>(end - begin, kCopyBytes));
    const ssize_t got = pread(from, buffer.data(), want, begin);
    if (got < 0) return posix_error("read a volume", errno);
    if (got == 0) return {};
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = pwrite(to, buffer.data() + done, static_cast<std::size_t>(got - done), begin + done);
      if (put < 0) return posix_error("write a volume's copy", errno);
      done += put;
    }
    begin += got;
  }
  return {};
}

Result<void> copy_data(int from, int to, off_t size) {
  for (off_t at = 0; at < size;) {
    const off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0) {
      if (errno == ENXIO) break;  // only a hole is left
      return posix_error("find a volume's data", errno);
    }
    const off_t hole = lseek(from, data, SEEK_HOLE);
    if (hole < 0) return posix_error("find a volume's data", errno);
    TRY(copy_range(from, to, data, hole));
    at = hole;
  }
  return {};
}

std::uint64_t little(const unsigned char* at, int bytes) {
  std::uint64_t out = 0;
  for (int i = bytes - 1; i >= 0; --i) out = out << 8 | at[i];
  return out;
}
std::uint64_t big(const unsigned char* at, int bytes) {
  std::uint64_t out = 0;
  for (int i = 0; i < bytes; ++i) out = out << 8 | at[i];
  return out;
}

// fs/ext4/ext4.h struct ext4_super_block, at byte 1024.
std::uint64_t ext4_bytes(const unsigned char* super) {
  if (little(super + 0x38, 2) != 0xEF53) return 0;
  const bool wide = (little(super + 0x60, 4) & 0x80) != 0;  // INCOMPAT_64BIT
  const std::uint64_t blocks = little(super + 4, 4) | (wide ? little(super + 0x150, 4) << 32 : 0);
  return blocks << (10 + (little(super + 0x18, 4) & 15));
}
// fs/xfs/libxfs/xfs_format.h struct xfs_dsb, at byte 0.
std::uint64_t xfs_bytes(const unsigned char* super) {
  if (big(super, 4) != 0x58465342) return 0;
  return big(super + 8, 8) * big(super + 4, 4);
}

}  // namespace

const FsKind* find_fs(std::string_view name) {
  for (const FsKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

Result<void> create_sparse(const std::string& path, std::int64_t bytes) {
  const UniqueFd fd = TRY(open_file(path, O_RDWR | O_CREAT | O_EXCL));
  if (ftruncate(fd.get(), bytes) != 0) return posix_error("size " + path, errno);
  return {};
}

Result<void> grow_image(const std::string& path, std::int64_t bytes) {
  const UniqueFd fd = TRY(open_file(path, O_RDWR));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return posix_error("stat " + path, errno);
  if (info.st_size < bytes && ftruncate(fd.get(), bytes) != 0) return posix_error("grow " + path, errno);
  if (fsync(fd.get()) != 0) return posix_error("sync " + path, errno);
  return {};
}

Result<void> copy_image(const std::string& from, const std::string& to) {
  const UniqueFd in = TRY(open_file(from, O_RDONLY));
  const UniqueFd out = TRY(open_file(to, O_RDWR | O_CREAT | O_EXCL));
  struct stat info {};
  if (fsync(in.get()) != 0 || fstat(in.get(), &info) != 0) return posix_error("sync " + from, errno);
  if (ioctl(out.get(), FICLONE, in.get()) != 0) {
    if (ftruncate(out.get(), info.st_size) != 0) return posix_error("size " + to, errno);
    TRY(copy_data(in.get(), out.get(), info.st_size));
  }
  if (fsync(out.get()) != 0) return posix_error("sync " + to, errno);
  return {};
}

Result<void> make_filesystem(const RunTool& run, const std::string& path, const std::string& fs_type) {
  if (fs_type == "xfs") {
    return require_exit("mkfs.xfs", run({"mkfs.xfs", "-q", "-f", "-K", path}));
  }
  return require_exit(
      "mkfs.ext4", run({"mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", path}));
}

Result<std::int64_t> filesystem_bytes(const std::string& path, const std::string& fs_type) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  std::array<unsigned char, 4096> head{};
  const ssize_t got = pread(fd.get(), head.data(), head.size(), 0);
  if (got < 0) return posix_error("read " + path, errno);
  return static_cast<std::int64_t>(fs_type == "xfs" ? xfs_bytes(head.data()) : ext4_bytes(head.data() + 1024));
}

Result<void> grow_unmounted(const RunTool& run, const std::string& path, const std::string& fs_type) {
  if (fs_type != "ext4") return {};
  // 1: errors were corrected, among them a journal that was not replayed.
  TRY(require_exit("e2fsck", run({"e2fsck", "-f", "-p", path}), 1));
  return require_exit("resize2fs", run({"resize2fs", path}));
}

Result<void> grow_mounted(const RunTool& run, const std::string& mount_path, const std::string& fs_type, std::int64_t bytes) {
  if (fs_type == "xfs") return require_exit("xfs_growfs", run({"xfs_growfs", "-d", mount_path}));
  const UniqueFd fd = TRY(open_file(mount_path, O_RDONLY | O_DIRECTORY));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || info.st_blksize <= 0) return posix_error("stat " + mount_path, errno);
  const std::uint64_t blocks = static_cast<std::uint64_t>(bytes) / static_cast<std::uint64_t>(info.st_blksize);
  if (ioctl(fd.get(), kExt4Resize, &blocks) != 0) return posix_error("grow the ext4 filesystem on " + mount_path, errno);
  return {};
}

std::int64_t allocated_bytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_blocks * 512 : 0;
}

Result<Frozen> Frozen::freeze(const std::string& mount_path) {
  UniqueFd fd = TRY(open_file(mount_path, O_RDONLY | O_DIRECTORY));
  if (ioctl(fd.get(), FIFREEZE, 0) != 0) return posix_error("freeze " + mount_path, errno);
  return Frozen(std::move(fd));
}

Frozen::~Frozen() {
  if (fd_.valid()) (void)ioctl(fd_.get(), FITHAW, 0);
}

void thaw(const std::string& mount_path) {
  const UniqueFd fd(::open(mount_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) (void)ioctl(fd.get(), FITHAW, 0);
}

}  // namespace plinth::csi_driver
