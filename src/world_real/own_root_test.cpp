#include "world_real/own_root.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world_real/unique_fd.h"

namespace plinth::world_real {
namespace {

bool can_mount() { return ::geteuid() == 0 && ::access("/proc/self/ns/mnt", R_OK) == 0; }

// What somebody sees who enters the namespace of this process anew, as runtimes do.
bool shows_in_namespace(const char* path) {
  const UniqueFd space(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  return space.valid() && ::setns(space.get(), CLONE_NEWNS) == 0 && ::access(path, F_OK) == 0;
}

// In a child: a chroot as on a machine that is tried out. Its outcome is the child's.
int in_chroot(const std::string& jail, bool with_own_root) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) return 10;
  if (::mount(jail.c_str(), jail.c_str(), nullptr, MS_BIND, nullptr) != 0) return 11;
  if (::mount("proc", (jail + "/proc").c_str(), "proc", 0, nullptr) != 0) return 12;
  if (::chroot(jail.c_str()) != 0 || ::chdir("/inside") != 0) return 13;
  if (with_own_root) give_own_root();
  if (::access("../marker", F_OK) != 0) return 14;  // the working directory is kept
  return shows_in_namespace("/marker") ? 0 : 1;
}

int outcome(bool with_own_root) {
  char folder[] = "/tmp/own-root-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string jail = folder;
  REQUIRE(::mkdir((jail + "/proc").c_str(), 0755) == 0);
  REQUIRE(::mkdir((jail + "/inside").c_str(), 0755) == 0);
  const UniqueFd marker(::open((jail + "/marker").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(in_chroot(jail, with_own_root));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::unlink((jail + "/marker").c_str());
  for (const char* below : {"/proc", "/inside", ""}) ::rmdir((jail + below).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

}  // namespace

TEST_CASE("who enters the mount namespace of a process in a chroot finds its root" * doctest::skip(!can_mount())) {
  CHECK(outcome(false) == 1);  // the machine's, without it
  CHECK(outcome(true) == 0);
}

}  // namespace plinth::world_real
