// Where the device of a volume is mounted. Calls block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "csi_driver/loop_device.h"
#include "csi_driver/mounts.h"

namespace plinth::csi_driver {

struct DeviceUse {
  std::optional<LoopDevice> device;
  std::vector<MountEntry> mounts;  // of its filesystem, or of the device's own file
  const MountEntry* at(const std::string& path) const;
  bool mounted() const { return !mounts.empty(); }
};
Result<DeviceUse> use_of_image(const std::string& image);
Result<std::vector<MountEntry>> mounts_of(LoopDevice device);

// After a crash: thaws what a snapshot left frozen, ends devices of images that are gone (with their mounts).
Result<void> sweep(const std::string& directory);
// For good: unmounts what is left of images below `directory`, ends their devices. What is still there then, in words.
Result<std::vector<std::string>> end_devices(const std::string& directory);

}  // namespace plinth::csi_driver
