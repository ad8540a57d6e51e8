#include "store/data_directory.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/directories.h"

namespace plinth::store {
namespace {

constexpr std::string_view kFormatMark = "plinth-store ";
constexpr std::uint64_t kFormatBytesMax = 4096;

}  // namespace

Result<DataDirectory> DataDirectory::open(Disk& disk, const std::string& path) {
  DataDirectory directory(disk, path);
  TRY(make_durable_directories(disk, path));
  auto lock = disk.lock(path + "/LOCK");
  if (!lock.ok()) {
    if (lock.error().reason() != Reason::kConflict) return std::move(lock).error();
    return Error(
        Reason::kConflict,
        fmt::format("the data directory {} is in use by another plinth process; stop that one or choose another --data-dir",
                    path));
  }
  directory.lock_ = std::move(lock).value();
  TRY(directory.read_format());
  return directory;
}

Result<void> DataDirectory::check_format(Disk& disk, const std::string& path) {
  if (!disk.list(path).ok()) return {};
  return DataDirectory(disk, path).read_format();
}

Result<void> DataDirectory::read_format() {
  const auto names = TRY(disk_->list(path_));
  fresh_ = std::find(names.begin(), names.end(), "FORMAT") == names.end();
  if (fresh_) return {};
  const std::string text = TRY(read_file(*disk_, path_ + "/FORMAT", kFormatBytesMax));
  int version = 0;
  if (text.compare(0, kFormatMark.size(), kFormatMark) != 0 ||
      std::from_chars(text.data() + kFormatMark.size(), text.data() + text.size(), version).ec != std::errc() || version < 1) {
    return Error(Reason::kStoreReadError,
                 fmt::format("{}/FORMAT is damaged: it should read \"{}{}\"", path_, kFormatMark, kDataFormat));
  }
  if (version > kDataFormat) {
    return Error(Reason::kStoreReadError,
                 fmt::format("the data directory {} has format {}, this program knows formats up to {}; start the newer plinth "
                             "that wrote it",
                             path_, version, kDataFormat));
  }
  return {};
}

Result<void> DataDirectory::mark_complete() {
  TRY(write_file_atomically(*disk_, path_ + "/FORMAT", fmt::format("{}{}\n", kFormatMark, kDataFormat)));
  fresh_ = false;
  return {};
}

}  // namespace plinth::store
