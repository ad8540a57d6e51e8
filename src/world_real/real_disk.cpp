#include "world_real/real_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "world_real/posix_error.h"
#include "world_real/real_file.h"

namespace plinth::world_real {
namespace {

class RealFileLock final : public FileLock {
 public:
  explicit RealFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateExclusive:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Result<UniqueFd> open_fd(const std::string& path, int flags, int permissions) {
  while (true) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, permissions));
    if (fd.valid()) return fd;
    if (errno != EINTR) return posix_error("open " + path, errno);
  }
}

Result<void> make_directory(const std::string& path, int permissions) {
  if (::mkdir(path.c_str(), static_cast<mode_t>(permissions)) == 0) return {};
  const int error_number = errno;
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return posix_error("create directory " + path, error_number);
}

}  // namespace

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, OpenMode mode, int permissions) {
  UniqueFd fd = TRY(open_fd(path, open_flags(mode), permissions));
  return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd), path));
}

Result<void> RealDisk::make_directories(const std::string& path, int permissions) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    TRY(make_directory(path.substr(0, end), permissions));
  }
  return make_directory(path, permissions);
}

Result<std::vector<std::string>> RealDisk::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return posix_error("list " + directory, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return posix_error("list " + directory, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return posix_error(fmt::format("rename {} to {}", from, to), errno);
  return {};
}

Result<void> RealDisk::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) return posix_error("remove " + path, errno);
  return {};
}

Result<void> RealDisk::sync_directory(const std::string& directory) {
  const UniqueFd fd = TRY(open_fd(directory, O_RDONLY | O_DIRECTORY, 0));
  if (::fsync(fd.get()) != 0) return posix_error("sync " + directory, errno);
  return {};
}

Result<std::unique_ptr<FileLock>> RealDisk::lock(const std::string& path) {
  UniqueFd fd = TRY(open_fd(path, O_RDWR | O_CREAT, 0600));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error(Reason::kConflict, fmt::format("{} is locked by another process", path));
    return posix_error("lock " + path, errno);
  }
  return std::unique_ptr<FileLock>(std::make_unique<RealFileLock>(std::move(fd)));
}

Result<std::uint64_t> RealDisk::free_bytes(const std::string& directory) {
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0) return posix_error("free space of " + directory, errno);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace plinth::world_real
