#include "platform/local_images.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "oci/reference.h"
#include "world_real/real_disk.h"

namespace plinth::platform {
namespace {

constexpr std::chrono::milliseconds kLockRetry(50);
constexpr int kLockTries = 200;  // 10 s

// Changes by a platform that runs take milliseconds, an import as long as its archive is.
Result<std::unique_ptr<FileLock>> wait_for_lock(Disk& disk, const std::string& folder) {
  TRY(disk.make_directories(folder));
  for (int tries = 1;; ++tries) {
    auto lock = disk.lock(oci::lock_path(folder));
    if (lock.ok() || lock.error().reason() != Reason::kConflict) return lock;
    if (tries == kLockTries)
      return Error(Reason::kConflict, fmt::format("{}: the images are being changed by another process; try again", folder));
    std::this_thread::sleep_for(kLockRetry);
  }
}

Result<std::vector<oci::LayoutEntry>> read_index(Disk& disk, const std::string& folder) {
  auto text = read_file(disk, folder + "/index.json", oci::kIndexBytesMax);
  if (!text.ok() && text.error().reason() == Reason::kNotFound) return std::vector<oci::LayoutEntry>();
  if (!text.ok()) return std::move(text).error();
  return oci::parse_index(*text);
}

}  // namespace

Result<std::string> images_folder(const std::string& data_dir) {
  if (data_dir == ":memory:") return bad_request("images need a --data-dir, not :memory:");
  std::error_code error;
  const std::string absolute = std::filesystem::weakly_canonical(data_dir, error).string();
  if (error) return bad_request(fmt::format("--data-dir {}: {}", data_dir, error.message()));
  return absolute + "/node/images";
}

Result<oci::Imported> import_image(const std::string& data_dir, const std::string& archive, const std::string& name) {
  world_real::RealDisk disk;
  const std::string folder = TRY(images_folder(data_dir));
  const auto lock = TRY(wait_for_lock(disk, folder));
  return oci::import_archive(disk, archive, folder, name);
}

Result<void> import_images(const std::string& data_dir, const std::string& folder) {
  world_real::RealDisk disk;
  for (const std::string& file : TRY(disk.list(folder))) {
    if (!file.ends_with(".tar")) continue;
    auto imported = import_image(data_dir, folder + "/" + file, "");
    if (!imported.ok())
      return Error(imported.error().reason(), fmt::format("{}/{}: {}", folder, file, imported.error().message()));
  }
  return {};
}

Result<std::vector<oci::LayoutEntry>> list_images(const std::string& data_dir) {
  world_real::RealDisk disk;
  return read_index(disk, TRY(images_folder(data_dir)));
}

Result<void> remove_image(const std::string& data_dir, const std::string& name) {
  world_real::RealDisk disk;
  const std::string whole = TRY(oci::parse_reference(name)).text();
  const std::string folder = TRY(images_folder(data_dir));
  const auto lock = TRY(wait_for_lock(disk, folder));
  std::vector<oci::LayoutEntry> entries = TRY(read_index(disk, folder));
  if (std::erase_if(entries, [&](const oci::LayoutEntry& entry) { return entry.name == whole; }) == 0) {
    return Error(Reason::kNotFound, fmt::format("there is no image {} (plinth image list shows those that are there)", whole));
  }
  return write_file_atomically(disk, folder + "/index.json", oci::print_index(entries));
}

}  // namespace plinth::platform
