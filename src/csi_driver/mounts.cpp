#include "csi_driver/mounts.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/mount.h>

#include "base/text.h"
#include "world_real/posix_error.h"

namespace plinth::csi_driver {
namespace {

using world_real::posix_error;

constexpr int kStackedMountsMax = 64;

// Spaces and the like are three octal digits after a backslash.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '\\' && i + 3 < text.size() ? parse_integer<unsigned>(text.substr(i + 1, 3), 8) : std::nullopt;
    if (code && *code < 256) {
      out.push_back(static_cast<char>(*code));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct NamedFlag {
  std::string_view name;
  unsigned long flag;
};
constexpr NamedFlag kFlags[] = {{"ro", MS_RDONLY},
                                {"nosuid", MS_NOSUID},
                                {"nodev", MS_NODEV},
                                {"noexec", MS_NOEXEC},
                                {"sync", MS_SYNCHRONOUS},
                                {"noatime", MS_NOATIME},
                                {"nodiratime", MS_NODIRATIME},
                                {"relatime", MS_RELATIME},
                                {"strictatime", MS_STRICTATIME},
                                {"dirsync", MS_DIRSYNC},
                                {"lazytime", MS_LAZYTIME},
                                {"rw", 0},
                                {"defaults", 0}};

}  // namespace

MountEntry parse_mount_entry(std::string_view line) {
  const auto fields = split(line, ' ');
  MountEntry out;
  std::size_t dash = 6;
  while (dash < fields.size() && fields[dash] != "-") ++dash;
  if (dash + 1 >= fields.size()) return out;
  const auto [major, minor] = cut(fields[2], ":");
  out.major = parse_integer<unsigned>(major).value_or(0);
  out.minor = parse_integer<unsigned>(minor.value_or("")).value_or(0);
  out.root = unescape(fields[3]);
  out.path = unescape(fields[4]);
  for (const std::string_view option : split(fields[5], ',')) out.read_only = out.read_only || option == "ro";
  out.fs_type = std::string(fields[dash + 1]);
  return out;
}

Result<std::vector<MountEntry>> read_mounts() {
  std::ifstream in("/proc/self/mountinfo");
  if (!in) return internal_error("/proc/self/mountinfo cannot be read");
  std::vector<MountEntry> out;
  for (std::string line; std::getline(in, line);) {
    if (MountEntry entry = parse_mount_entry(line); !entry.path.empty()) out.push_back(std::move(entry));
  }
  return out;
}

MountOptions parse_mount_options(const std::vector<std::string>& options) {
  MountOptions out;
  for (const std::string& list : options) {
    for (const std::string_view option : split(list, ',')) {
      if (option.empty()) continue;
      const NamedFlag* known = nullptr;
      for (const NamedFlag& flag : kFlags) known = flag.name == option ? &flag : known;
      if (known != nullptr)
        out.flags |= known->flag;
      else
        out.data += (out.data.empty() ? "" : ",") + std::string(option);
    }
  }
  return out;
}

Result<void> mount_filesystem(const std::string& device, const std::string& target, const std::string& fs_type,
                              const MountOptions& options) {
  if (mount(device.c_str(), target.c_str(), fs_type.c_str(), options.flags, options.data.c_str()) != 0)
    return posix_error("mount " + device + " (" + fs_type + ", options \"" + options.data + "\") on " + target, errno);
  return {};
}

Result<void> bind_mount(const std::string& source, const std::string& target, unsigned long flags) {
  if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return posix_error("bind " + source + " on " + target, errno);
  // A bind takes its flags in a second call.
  if (flags != 0 && mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | flags, nullptr) != 0) {
    const int why = errno;
    (void)umount2(target.c_str(), MNT_DETACH);
    return posix_error("set the flags of " + target, why);
  }
  return {};
}

Result<void> unmount_all(const std::string& path) {
  const std::string known = kernel_path(path);
  for (int round = 0; round < kStackedMountsMax; ++round) {
    bool mounted = false;
    for (const MountEntry& entry : TRY(read_mounts())) mounted = mounted || entry.path == known;
    if (!mounted) return {};
    if (umount2(known.c_str(), UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) return posix_error("unmount " + known, errno);
  }
  return internal_error("unmount " + known + ": too many mounts stand one over the other");
}

std::string kernel_path(const std::string& path) {
  std::filesystem::path given = std::filesystem::path(path).lexically_normal();
  if (!given.has_filename()) given = given.parent_path();
  std::error_code error;
  const auto parent = std::filesystem::canonical(given.parent_path(), error);
  return error ? given.string() : (parent / given.filename()).string();
}

}  // namespace plinth::csi_driver
