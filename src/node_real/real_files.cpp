#include "node_real/real_files.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world_real/posix_error.h"
#include "world_real/unique_fd.h"

namespace plinth::node_real {

using node::DirectoryEntry;
using node::FileInfo;
using node::FileType;
using world_real::posix_error;
using world_real::UniqueFd;

namespace {

constexpr std::uint32_t kModeBits = 07777;

// What the interface calls BadRequest: a wrong type, a link where none may be.
Error file_error(const std::string& path, int error_number) {
  if (error_number == ENOTDIR || error_number == EISDIR || error_number == ELOOP || error_number == ENAMETOOLONG ||
      error_number == EXDEV) {
    return Error(Reason::kBadRequest, posix_error(path, error_number).message());
  }
  return posix_error(path, error_number);
}

FileType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileType::kFile;
    case S_IFDIR:
      return FileType::kDirectory;
    case S_IFLNK:
      return FileType::kLink;
    case S_IFSOCK:
      return FileType::kSocket;
    case S_IFCHR:
      return FileType::kCharDevice;
    case S_IFBLK:
      return FileType::kBlockDevice;
    default:
      return FileType::kOther;
  }
}

Result<void> write_all(int fd, const std::string& path, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(path, errno);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// The mode holds for a file that is made here, whatever the umask is.
Result<UniqueFd> open_for_writing(const std::string& path, int flags, std::uint32_t mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | flags, mode));
  if (fd.valid()) {
    if (::fchmod(fd.get(), mode & kModeBits) != 0) return file_error(path, errno);
    return fd;
  }
  if (errno == EEXIST) fd = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags));
  if (!fd.valid()) return file_error(path, errno);
  return fd;
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using DirPtr = std::unique_ptr<DIR, CloseDir>;

Result<DirPtr> open_dir(const UniqueFd& fd, const std::string& path) {
  const int number = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  DirPtr dir(number >= 0 ? ::fdopendir(number) : nullptr);
  if (!dir) return file_error(path, errno);
  return dir;
}

// Calls `visit` for everything below an open folder, children before their folder. Never follows a link, never leaves the
// device.
class Walk {
 public:
  using Visit = std::function<Result<void>(int folder, const char* name, const struct stat& found, const std::string& path)>;
  Walk(dev_t device, Visit visit) : device_(device), visit_(std::move(visit)) {}

  Result<void> below(UniqueFd folder, const std::string& path) {
    const DirPtr dir = TRY(open_dir(folder, path));
    folder.reset();
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      TRY(one(::dirfd(dir.get()), entry->d_name, path + "/" + entry->d_name));
    }
    return {};
  }

 private:
  Result<void> one(int folder, const char* name, const std::string& path) {
    struct stat found {};
    if (::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? Result<void>() : file_error(path, errno);
    if (found.st_dev != device_) return Error(Reason::kBadRequest, path + ": another file system is mounted here");
    if (S_ISDIR(found.st_mode)) {
      UniqueFd child(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!child.valid()) return file_error(path, errno);
      TRY(below(std::move(child), path));
    }
    return visit_(folder, name, found, path);
  }

  dev_t device_;
  Visit visit_;
};

}  // namespace

Result<std::optional<FileInfo>> RealFiles::info(const std::string& path, bool follow) {
  struct stat found {};
  if ((follow ? ::stat(path.c_str(), &found) : ::lstat(path.c_str(), &found)) != 0) {
    if (errno == ENOENT) return std::optional<FileInfo>();
    return file_error(path, errno);
  }
  FileInfo info;
  info.type = type_of(found.st_mode);
  info.mode = found.st_mode & kModeBits;
  info.uid = found.st_uid;
  info.gid = found.st_gid;
  info.size = static_cast<std::uint64_t>(found.st_size);
  return std::optional<FileInfo>(info);
}

Result<void> RealFiles::make_directories(const std::string& path, std::uint32_t mode) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at < path.size() && path[at] != '/') continue;
    const std::string part = path.substr(0, at);
    const bool last = at >= path.size() || path.find_first_not_of('/', at) == std::string::npos;
    const std::uint32_t wanted = last ? mode : 0755;
    if (::mkdir(part.c_str(), wanted) == 0) {
      if (::chmod(part.c_str(), wanted & kModeBits) != 0) return file_error(part, errno);
      continue;
    }
    struct stat found {};
    const int error_number = errno;
    if (error_number != EEXIST) return file_error(part, error_number);
    if (::stat(part.c_str(), &found) != 0) return file_error(part, errno);
    if (!S_ISDIR(found.st_mode)) return Error(Reason::kBadRequest, part + ": not a directory");
  }
  return {};
}

Result<std::vector<DirectoryEntry>> RealFiles::list(const std::string& directory) {
  const DirPtr dir(::opendir(directory.c_str()));
  if (!dir) return file_error(directory, errno);
  std::vector<DirectoryEntry> out;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat found {};
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    out.push_back({name, type_of(found.st_mode)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

Result<std::string> RealFiles::read(const std::string& path, std::uint64_t offset, std::size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not hold us up
  if (!fd.valid()) return file_error(path, errno);
  std::string out(bytes_max, '\0');
  std::size_t used = 0;
  while (used < bytes_max) {
    const ssize_t n = ::pread(fd.get(), out.data() + used, bytes_max - used, static_cast<off_t>(offset + used));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(path, errno);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  out.resize(used);
  return out;
}

Result<void> RealFiles::write(const std::string& path, std::string_view data, std::uint32_t mode) {
  const UniqueFd fd = TRY(open_for_writing(path, O_TRUNC, mode));
  return write_all(fd.get(), path, data);
}

Result<void> RealFiles::append(const std::string& path, std::string_view data, std::uint32_t mode) {
  const UniqueFd fd = TRY(open_for_writing(path, O_APPEND, mode));
  return write_all(fd.get(), path, data);
}

Result<void> RealFiles::set_mode(const std::string& path, std::uint32_t mode) {
  if (::chmod(path.c_str(), mode & kModeBits) != 0) return file_error(path, errno);
  return {};
}

Result<void> RealFiles::set_owner(const std::string& path, std::int64_t uid, std::int64_t gid) {
  const auto id = [](std::int64_t given) { return given < 0 ? ~0u : static_cast<unsigned>(given); };
  if (::lchown(path.c_str(), id(uid), id(gid)) != 0) return file_error(path, errno);
  return {};
}

Result<void> RealFiles::symlink(const std::string& target, const std::string& path) {
  if (::symlink(target.c_str(), path.c_str()) != 0) return file_error(path, errno);
  return {};
}

Result<std::string> RealFiles::read_link(const std::string& path) {
  std::string out(4096, '\0');
  const ssize_t n = ::readlink(path.c_str(), out.data(), out.size());
  if (n < 0 && errno == EINVAL) return Error(Reason::kBadRequest, path + ": not a link");
  if (n < 0) return file_error(path, errno);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

Result<void> RealFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return file_error(from, errno);
  return {};
}

Result<void> RealFiles::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0 && errno != ENOENT) return file_error(path, errno);
  return {};
}

Result<void> RealFiles::remove_all(const std::string& path) {
  // A bind of the same file system does not show as another device.
  const auto mounted = TRY(mounts());
  for (const node::MountEntry& entry : mounted) {
    const bool below = entry.target == path || (entry.target.size() > path.size() && entry.target.starts_with(path) &&
                                                entry.target[path.size()] == '/');
    if (below) return Error(Reason::kBadRequest, entry.target + ": still mounted");
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? Result<void>() : file_error(path, errno);
  if (!S_ISDIR(found.st_mode)) return remove(path);
  UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return file_error(path, errno);
  Walk walk(found.st_dev, [](int folder, const char* name, const struct stat& one, const std::string& where) -> Result<void> {
    if (::unlinkat(folder, name, S_ISDIR(one.st_mode) ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
      return file_error(where, errno);
    return {};
  });
  TRY(walk.below(std::move(root), path));
  return remove(path);
}

Result<node::DiskUsage> RealFiles::usage(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return file_error(path, errno);
  constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system's are
  node::DiskUsage total{static_cast<std::uint64_t>(found.st_blocks) * kBlock, 1};
  if (!S_ISDIR(found.st_mode)) return total;
  UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return file_error(path, errno);
  std::set<ino_t> linked;  // files with several names count once
  Walk walk(found.st_dev, [&](int, const char*, const struct stat& one, const std::string&) -> Result<void> {
    if (one.st_nlink > 1 && !S_ISDIR(one.st_mode) && !linked.insert(one.st_ino).second) return {};
    total.bytes += static_cast<std::uint64_t>(one.st_blocks) * kBlock;
    ++total.inodes;
    return {};
  });
  TRY(walk.below(std::move(root), path));
  return total;
}

}  // namespace plinth::node_real
