// The mounts of RealFiles.
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "node_real/real_files.h"
#include "world_real/posix_error.h"
#include "world_real/unique_fd.h"

namespace plinth::node_real {

using world_real::posix_error;
using world_real::UniqueFd;

namespace {

struct Flag {
  std::string_view name;
  unsigned long bit;
  bool set;
};
constexpr std::array<Flag, 16> kFlags = {{{"ro", MS_RDONLY, true},
                                          {"rw", MS_RDONLY, false},
                                          {"nosuid", MS_NOSUID, true},
                                          {"suid", MS_NOSUID, false},
                                          {"nodev", MS_NODEV, true},
                                          {"dev", MS_NODEV, false},
                                          {"noexec", MS_NOEXEC, true},
                                          {"exec", MS_NOEXEC, false},
                                          {"sync", MS_SYNCHRONOUS, true},
                                          {"async", MS_SYNCHRONOUS, false},
                                          {"dirsync", MS_DIRSYNC, true},
                                          {"noatime", MS_NOATIME, true},
                                          {"nodiratime", MS_NODIRATIME, true},
                                          {"relatime", MS_RELATIME, true},
                                          {"strictatime", MS_STRICTATIME, true},
                                          {"lazytime", MS_LAZYTIME, true}}};

// Those that mount(2) takes as flags; the others are the file system's own.
unsigned long split_options(const std::vector<std::string>& options, std::string& own) {
  unsigned long flags = 0;
  for (const std::string& option : options) {
    bool known = option == "defaults";
    for (const Flag& flag : kFlags) {
      if (flag.name != option) continue;
      flags = flag.set ? flags | flag.bit : flags & ~flag.bit;
      known = true;
    }
    if (!known) own += (own.empty() ? "" : ",") + option;
  }
  return flags;
}

Error mount_error(const std::string& target, int error_number) {
  return Error(posix_error("", error_number).reason(), posix_error("mount " + target, error_number).message());
}

// "\040" in mountinfo is a space.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<void> bind_mount(const std::string& source, const std::string& target, unsigned long flags, bool readonly) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) return mount_error(target, errno);
  // The flags of a bind are those of its source until it is mounted once more.
  if (!readonly && flags == 0) return {};
  if (::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags | (readonly ? MS_RDONLY : 0), nullptr) == 0)
    return {};
  const int error_number = errno;
  ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return mount_error(target, error_number);
}

// A component at a time, never through a link: each is held open while the next is looked up. The last one is made when it is
// not there, with the mode of the root.
Result<UniqueFd> open_inside(const std::string& root, const std::string& path) {
  UniqueFd at(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat top {};
  if (!at.valid() || ::fstat(at.get(), &top) != 0) return posix_error(root, errno);
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return Error(Reason::kBadRequest, fmt::format("{}: \"..\" is not allowed", path));
    const std::string name(part);
    if (::mkdirat(at.get(), name.c_str(), top.st_mode & 07777) == 0) {
      ::fchmodat(at.get(), name.c_str(), top.st_mode & 07777, 0);
    } else if (errno != EEXIST && errno != ENOTDIR) {
      return posix_error(root + "/" + path, errno);
    }
    UniqueFd next(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (!next.valid() || ::fstat(next.get(), &found) != 0) {
      if (errno == ENOTDIR) return Error(Reason::kBadRequest, fmt::format("{}/{}: {} is in a file", root, path, name));
      return posix_error(root + "/" + path, errno);
    }
    if (S_ISLNK(found.st_mode)) return Error(Reason::kBadRequest, fmt::format("{}/{}: {} is a link", root, path, name));
    at = std::move(next);
  }
  return at;
}

Result<void> make_target(const std::string& target, bool directory) {
  RealFiles files;
  if (directory) return files.make_directories(target, 0750);
  const std::size_t slash = target.rfind('/');
  TRY(files.make_directories(target.substr(0, slash), 0750));
  return files.append(target, "", 0640);
}

}  // namespace

Result<void> RealFiles::mount(const node::MountRequest& request) {
  std::string own;
  const unsigned long flags = split_options(request.options, own);
  if (request.bind) {
    if (!own.empty())
      return bad_request(fmt::format("mount {}: a bind has no options of a file system: {}", request.target, own));
    return bind_mount(request.source, request.target, flags, request.readonly || (flags & MS_RDONLY) != 0);
  }
  const char* source = request.source.empty() ? request.type.c_str() : request.source.c_str();
  if (::mount(source, request.target.c_str(), request.type.c_str(), flags | (request.readonly ? MS_RDONLY : 0), own.c_str()) !=
      0) {
    return mount_error(request.target, errno);
  }
  return {};
}

Result<void> RealFiles::unmount(const std::string& target) {
  if (::umount2(target.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) return {};
  if (errno == EBUSY) return Error(Reason::kConflict, fmt::format("unmount {}: in use", target));
  return posix_error("unmount " + target, errno);
}

Result<std::vector<node::MountEntry>> RealFiles::mounts() {
  const std::string text = TRY(read("/proc/self/mountinfo", 0, 16 << 20));
  std::vector<node::MountEntry> out;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    std::size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 2 >= words.size()) continue;
    out.push_back({unescape(words[4]), unescape(words[dash + 2]), std::string(words[dash + 1]), std::string(words[5])});
  }
  return out;
}

Result<bool> RealFiles::is_mounted(const std::string& path) {
  struct statx found {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &found) == 0) {
    if ((found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0) return (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  } else if (errno == ENOENT || errno == ENOTDIR) {
    return false;
  }
  // An old kernel, or a file system that does not answer any more.
  for (const node::MountEntry& mount : TRY(mounts())) {
    if (mount.target == path) return true;
  }
  return false;
}

Result<void> RealFiles::bind_inside(const std::string& root, const std::string& path, const std::string& target,
                                    bool readonly) {
  if (!path.empty() && path.front() == '/') return bad_request(fmt::format("{}: a relative path is needed", path));
  const UniqueFd inside = TRY(open_inside(root, path));
  struct stat found {};
  if (::fstat(inside.get(), &found) != 0) return posix_error(path, errno);
  TRY(make_target(target, S_ISDIR(found.st_mode)));
  return bind_mount(fmt::format("/proc/self/fd/{}", inside.get()), target, 0, readonly);
}

}  // namespace plinth::node_real
