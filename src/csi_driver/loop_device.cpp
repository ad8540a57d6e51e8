#include "csi_driver/loop_device.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "world_real/posix_error.h"

namespace plinth::csi_driver {
namespace {

using world_real::posix_error;
using world_real::UniqueFd;

constexpr int kAttempts = 32;
constexpr int kLoopMajor = 7;

Result<UniqueFd> open_file(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return posix_error("open " + path, errno);
  return fd;
}

// Where /dev is not kept by the kernel, a new device has no file yet.
void make_device_file(const LoopDevice& device) {
  struct stat info {};
  if (stat(device.path().c_str(), &info) == 0 || errno != ENOENT) return;
  (void)mknod(device.path().c_str(), S_IFBLK | 0660, makedev(kLoopMajor, static_cast<unsigned>(device.number)));
}

std::vector<LoopDevice> all_loops() {
  std::vector<LoopDevice> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block", error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("loop")) continue;
    if (const auto number = parse_integer<int>(name.substr(4))) out.push_back({*number});
  }
  return out;
}

std::string backing_file(LoopDevice device) {
  std::ifstream in("/sys/block/loop" + std::to_string(device.number) + "/loop/backing_file");
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

Result<AttachedLoop> attach_loop(const std::string& file, LoopLife life) {
  const UniqueFd backing = TRY(open_file(file, O_RDWR));
  const UniqueFd control = TRY(open_file("/dev/loop-control", O_RDWR));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return posix_error("find a free loop device", errno);
    AttachedLoop out;
    out.device.number = number;
    make_device_file(out.device);
    out.keep = TRY(open_file(out.device.path(), O_RDWR));
    loop_config config{};
    config.fd = static_cast<__u32>(backing.get());
    config.info.lo_flags = life == LoopLife::kUntilUnused ? LO_FLAGS_AUTOCLEAR : 0;
    if (ioctl(out.keep.get(), LOOP_CONFIGURE, &config) == 0) return out;
    if (errno != EBUSY) return posix_error("attach " + file + " to " + out.device.path(), errno);
  }
  return Error(Reason::kServiceUnavailable, "no loop device could be taken: others took each one first");
}

Result<std::optional<LoopDevice>> loop_of(const std::string& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return posix_error("stat " + file, errno);
  for (const LoopDevice device : all_loops()) {
    if (backing_file(device).empty()) continue;
    const UniqueFd fd(::open(device.path().c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 loop{};
    if (!fd.valid() || ioctl(fd.get(), LOOP_GET_STATUS64, &loop) != 0) continue;  // ended meanwhile
    if (loop.lo_inode == info.st_ino && loop.lo_device == info.st_dev) return std::optional(device);
  }
  return std::optional<LoopDevice>();
}

Result<void> detach_loop(LoopDevice device) {
  const UniqueFd fd = TRY(open_file(device.path(), O_RDONLY));
  if (ioctl(fd.get(), LOOP_CLR_FD) != 0 && errno != ENXIO) return posix_error("detach " + device.path(), errno);
  return {};
}

Result<void> refresh_loop_size(LoopDevice device) {
  const UniqueFd fd = TRY(open_file(device.path(), O_RDONLY));
  if (ioctl(fd.get(), LOOP_SET_CAPACITY) != 0) return posix_error("refresh the size of " + device.path(), errno);
  return {};
}

Result<void> flush_loop(LoopDevice device) {
  const UniqueFd fd = TRY(open_file(device.path(), O_RDONLY));
  if (fsync(fd.get()) != 0) return posix_error("flush " + device.path(), errno);
  return {};
}

std::vector<FoundLoop> loops_below(const std::string& directory) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::vector<FoundLoop> out;
  for (const LoopDevice device : all_loops()) {
    std::string file = backing_file(device);
    if (file.ends_with(kDeleted)) file.resize(file.size() - kDeleted.size());
    if (file.starts_with(directory + "/")) out.push_back({device, std::move(file)});
  }
  return out;
}

}  // namespace plinth::csi_driver
