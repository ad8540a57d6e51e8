#include <fmt/format.h>

#include "base/world.h"

namespace plinth {
namespace {

std::string directory_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_and_sync(Disk& disk, const std::string& path, std::string_view data, int permissions) {
  auto file = TRY(disk.open(path, OpenMode::kCreateExclusive, permissions));
  TRY(file->write_at(0, data));
  return file->sync();
}

}  // namespace

Result<std::string> read_file(Disk& disk, const std::string& path, std::uint64_t bytes_max) {
  auto file = TRY(disk.open(path, OpenMode::kRead));
  std::uint64_t size = TRY(file->size());
  if (size > bytes_max) {
    return Error(Reason::kRequestEntityTooLarge, fmt::format("{} has {} bytes; at most {} are read", path, size, bytes_max));
  }
  std::string out(size, '\0');
  out.resize(TRY(file->read_at(0, {out.data(), out.size()})));
  return out;
}

Result<void> write_file_atomically(Disk& disk, const std::string& path, std::string_view data, int permissions) {
  std::string temporary = path + ".tmp";
  // Left over from a crash in between; its content is worthless.
  if (auto removed = disk.remove(temporary); !removed.ok() && removed.error().reason() != Reason::kNotFound) return removed;
  if (auto written = write_and_sync(disk, temporary, data, permissions); !written.ok()) {
    (void)disk.remove(temporary).ok();
    return written;
  }
  TRY(disk.rename(temporary, path));
  return disk.sync_directory(directory_of(path));
}

}  // namespace plinth
