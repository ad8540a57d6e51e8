#include "csi_driver/device_use.h"

#include <filesystem>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "csi_driver/image.h"

namespace plinth::csi_driver {
namespace {

constexpr unsigned kLoopMajor = 7;

bool is_device(const std::string& path, LoopDevice device) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode) && major(info.st_rdev) == kLoopMajor &&
         minor(info.st_rdev) == static_cast<unsigned>(device.number);
}

}  // namespace

const MountEntry* DeviceUse::at(const std::string& path) const {
  const std::string known = kernel_path(path);
  for (const MountEntry& entry : mounts) {
    if (entry.path == known) return &entry;
  }
  return nullptr;
}

Result<std::vector<MountEntry>> mounts_of(LoopDevice device) {
  std::vector<MountEntry> out;
  const std::string file = "/loop" + std::to_string(device.number);
  for (MountEntry& entry : TRY(read_mounts())) {
    const bool filesystem = entry.major == kLoopMajor && entry.minor == static_cast<unsigned>(device.number);
    if (filesystem || (entry.root.ends_with(file) && is_device(entry.path, device))) out.push_back(std::move(entry));
  }
  return out;
}

Result<DeviceUse> use_of_image(const std::string& image) {
  DeviceUse out;
  out.device = TRY(loop_of(image));
  if (out.device) out.mounts = TRY(mounts_of(*out.device));
  return out;
}

Result<void> sweep(const std::string& directory) {
  std::error_code error;
  for (const FoundLoop& found : loops_below(directory)) {
    const bool gone = !std::filesystem::exists(found.file, error);
    const std::vector<MountEntry> mounts = TRY(mounts_of(found.device));
    for (const MountEntry& entry : mounts) {
      if (gone)
        TRY(unmount_all(entry.path));
      else if (entry.major == kLoopMajor)
        thaw(entry.path);
    }
    if (gone) TRY(detach_loop(found.device));
  }
  return {};
}

Result<std::vector<std::string>> end_devices(const std::string& directory) {
  for (const FoundLoop& found : loops_below(directory)) {
    for (const MountEntry& entry : TRY(mounts_of(found.device))) {
      if (entry.major == kLoopMajor) thaw(entry.path);
      TRY(unmount_all(entry.path));
    }
    TRY(detach_loop(found.device));
  }
  std::vector<std::string> left;
  for (const FoundLoop& found : loops_below(directory))
    left.push_back(found.device.path() + " of " + found.file + " is in use");
  return left;
}

}  // namespace plinth::csi_driver
