#include "world_real/real_file.h"

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "world_real/posix_error.h"

namespace plinth::world_real {
namespace {

constexpr std::size_t kVectorsPerCall = 64;

}  // namespace

Result<void> RealFile::check_usable() const {
  if (!sync_failed_.load(std::memory_order_relaxed)) return {};
  return internal_error(fmt::format("{} is not written any more: an earlier sync of it failed", path_));
}

Result<std::size_t> RealFile::read_at(std::uint64_t offset, std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return posix_error("read " + path_, errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<void> RealFile::write_at(std::uint64_t offset, std::string_view data) {
  TRY(check_usable());
  while (!data.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return posix_error("write " + path_, errno);
    data.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<void> RealFile::write_at(std::uint64_t offset, std::span<const std::string_view> parts) {
  TRY(check_usable());
  std::size_t skip = 0;  // bytes of parts[0] that are already written
  while (!parts.empty()) {
    iovec vectors[kVectorsPerCall];
    const std::size_t count = std::min(parts.size(), kVectorsPerCall);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view part = i == 0 ? parts[0].substr(skip) : parts[i];
      vectors[i] = {const_cast<char*>(part.data()), part.size()};
    }
    const ssize_t n = ::pwritev(fd_.get(), vectors, static_cast<int>(count), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return posix_error("write " + path_, errno);
    offset += static_cast<std::uint64_t>(n);
    std::size_t written = static_cast<std::size_t>(n) + skip;
    while (!parts.empty() && written >= parts[0].size()) {
      written -= parts[0].size();
      parts = parts.subspan(1);
    }
    skip = written;
  }
  return {};
}

Result<void> RealFile::sync() {
  TRY(check_usable());
  if (::fdatasync(fd_.get()) == 0) return {};
  const int error_number = errno;
  sync_failed_.store(true, std::memory_order_relaxed);
  return posix_error("sync " + path_, error_number);
}

Result<void> RealFile::truncate(std::uint64_t size) {
  TRY(check_usable());
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return posix_error("truncate " + path_, errno);
  return {};
}

Result<std::uint64_t> RealFile::size() {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return posix_error("stat " + path_, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace plinth::world_real
