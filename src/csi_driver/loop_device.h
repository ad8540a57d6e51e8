// Loop devices: a file as a block device. Calls block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "world_real/unique_fd.h"

namespace plinth::csi_driver {

struct LoopDevice {
  int number = -1;
  std::string path() const { return "/dev/loop" + std::to_string(number); }
};

enum class LoopLife : std::uint8_t {
  kUntilDetached,
  // The device ends with its last user: the returned descriptor, then a mount. Nothing is left when this process ends in
  // between.
  kUntilUnused,
};

struct AttachedLoop {
  LoopDevice device;
  world_real::UniqueFd keep;  // a user of the device
};

// A device that is free is taken; kAttempts races for one are lost at most.
Result<AttachedLoop> attach_loop(const std::string& file, LoopLife life);
// The device of that file (by device and inode), if there is one.
Result<std::optional<LoopDevice>> loop_of(const std::string& file);
// Also when it is in use: it ends with its last user then. A device that is already free is no error.
Result<void> detach_loop(LoopDevice device);
// After the file has grown.
Result<void> refresh_loop_size(LoopDevice device);
// What was written to the device is in the file.
Result<void> flush_loop(LoopDevice device);

// Devices whose file is, or was, below a directory.
struct FoundLoop {
  LoopDevice device;
  std::string file;  // as the kernel names it; " (deleted)" is cut off
};
std::vector<FoundLoop> loops_below(const std::string& directory);

}  // namespace plinth::csi_driver
