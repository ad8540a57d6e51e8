// The mounts of this process's namespace. Calls block.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::csi_driver {

struct MountEntry {
  unsigned major = 0, minor = 0;  // of the filesystem
  std::string root;               // what of it is mounted: "/", "/loop3" of a device's file
  std::string path;
  bool read_only = false;
  std::string fs_type;
};
// A line of /proc/self/mountinfo; empty path: not one.
MountEntry parse_mount_entry(std::string_view line);
Result<std::vector<MountEntry>> read_mounts();

// "ro", "noatime", ... as flags of mount(2); the rest goes to the filesystem. Order is kept.
struct MountOptions {
  unsigned long flags = 0;
  std::string data;
};
MountOptions parse_mount_options(const std::vector<std::string>& options);

Result<void> mount_filesystem(const std::string& device, const std::string& target, const std::string& fs_type,
                              const MountOptions& options);
// `flags` of the bind itself (read-only, noexec, ...).
Result<void> bind_mount(const std::string& source, const std::string& target, unsigned long flags);
// All mounts on that path, one over the other. None is no error.
Result<void> unmount_all(const std::string& path);

// The path as the kernel names it: its directory resolved, its last part as it is.
std::string kernel_path(const std::string& path);

}  // namespace plinth::csi_driver
