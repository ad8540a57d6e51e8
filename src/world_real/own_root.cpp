#include "world_real/own_root.h"

#include <climits>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world_real/unique_fd.h"

namespace plinth::world_real {
namespace {

bool is_same(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

UniqueFd own_namespace() { return UniqueFd(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)); }

// Entering one's own namespace anew makes its root the root of the process.
bool go_to_namespace_root() {
  const UniqueFd space = own_namespace();
  return space.valid() && ::setns(space.get(), CLONE_NEWNS) == 0;
}

bool is_in_chroot() {
  struct stat before {
  }, after{};
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid() || ::fstat(root.get(), &before) != 0 || !go_to_namespace_root()) return false;
  const bool same = ::stat("/", &after) == 0 && is_same(before, after);
  if (::fchdir(root.get()) != 0 || ::chroot(".") != 0) ::_exit(1);  // never at large
  return !same;
}

// What this process has for "/" over the root of its namespace, which is its own by now.
bool cover_namespace_root() {
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd space = own_namespace();
  if (!root.valid() || !space.valid() || ::setns(space.get(), CLONE_NEWNS) != 0) return false;
  const bool covered = ::mount(nullptr, "/", nullptr, MS_PRIVATE, nullptr) == 0 && ::fchdir(root.get()) == 0 &&
                       ::mount(".", "/", nullptr, MS_BIND | MS_REC, nullptr) == 0 && ::setns(space.get(), CLONE_NEWNS) == 0;
  if (!covered && (::fchdir(root.get()) != 0 || ::chroot(".") != 0)) ::_exit(1);
  return covered;
}

}  // namespace

void give_own_root() {
  char directory[PATH_MAX];
  const char* back = ::getcwd(directory, sizeof directory);
  // Shared, so that what is mounted on one side shows on the other; possible where "/" is a mount.
  if (is_in_chroot() && ::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr) == 0 && ::unshare(CLONE_NEWNS) == 0) {
    cover_namespace_root();
  }
  if (back == nullptr || ::chdir(back) != 0) (void)!::chdir("/");
}

}  // namespace plinth::world_real
