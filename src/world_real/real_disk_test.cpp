#include "world_real/real_disk.h"

#include <filesystem>

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "world_real/real_clock.h"

namespace plinth::world_real {
namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    char pattern[] = "/tmp/plinth-disk-XXXXXX";
    path = mkdtemp(pattern);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("a file reads back what was written, in parts and beyond one vector call") {
  const TemporaryFolder folder;
  RealDisk disk;
  auto file = disk.open(folder.path + "/data", OpenMode::kCreateExclusive, 0600);
  REQUIRE(file.ok());
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26)));
    all += texts.back();
  }
  const std::vector<std::string_view> parts(texts.begin(), texts.end());
  REQUIRE((*file)->write_at(10, parts).ok());
  REQUIRE((*file)->sync().ok());
  std::string read(all.size() + 50, 'x');
  auto n = (*file)->read_at(10, read);
  REQUIRE(n.ok());
  CHECK(*n == all.size());
  CHECK(read.substr(0, *n) == all);
  CHECK((*file)->size().value() == 10 + all.size());
  REQUIRE((*file)->truncate(11).ok());
  CHECK((*file)->size().value() == 11);
}

TEST_CASE("errors carry the reason that callers branch on") {
  const TemporaryFolder folder;
  RealDisk disk;
  CHECK(disk.open(folder.path + "/none", OpenMode::kRead, 0).error().reason() == Reason::kNotFound);
  REQUIRE(disk.open(folder.path + "/once", OpenMode::kCreateExclusive, 0600).ok());
  CHECK(disk.open(folder.path + "/once", OpenMode::kCreateExclusive, 0600).error().reason() == Reason::kAlreadyExists);
  CHECK(disk.list(folder.path + "/none").error().reason() == Reason::kNotFound);
  CHECK(disk.remove(folder.path + "/none").error().reason() == Reason::kNotFound);
  CHECK(disk.make_directories(folder.path + "/once/below", 0700).error().reason() == Reason::kAlreadyExists);
  auto full = disk.open("/dev/full", OpenMode::kReadWrite, 0);
  REQUIRE(full.ok());
  CHECK((*full)->write_at(0, "x").error().reason() == Reason::kInsufficientStorage);
}

TEST_CASE("a failed sync is final for the file") {
  RealDisk disk;
  auto no_sync = disk.open("/dev/full", OpenMode::kReadWrite, 0);  // character devices have no fdatasync: EINVAL
  REQUIRE(no_sync.ok());
  REQUIRE_FALSE((*no_sync)->sync().ok());
  CHECK_FALSE((*no_sync)->sync().ok());
  auto write = (*no_sync)->write_at(0, "x");
  REQUIRE_FALSE(write.ok());
  CHECK(write.error().reason() == Reason::kInternalError);  // refused before the kernel could say "full"
}

TEST_CASE("directories, names and the lock of one process") {
  const TemporaryFolder folder;
  RealDisk disk;
  REQUIRE(disk.make_directories(folder.path + "/a/b/c", 0700).ok());
  REQUIRE(disk.make_directories(folder.path + "/a/b/c", 0700).ok());
  REQUIRE(write_file_atomically(disk, folder.path + "/a/z", "1", 0640).ok());
  REQUIRE(write_file_atomically(disk, folder.path + "/a/z", "22", 0640).ok());
  CHECK(read_file(disk, folder.path + "/a/z", 2).value() == "22");
  CHECK(read_file(disk, folder.path + "/a/z", 1).error().reason() == Reason::kBadRequest);
  CHECK(disk.list(folder.path + "/a").value() == std::vector<std::string>{"b", "z"});
  struct stat info {};
  REQUIRE(stat((folder.path + "/a/z").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  CHECK(disk.free_bytes(folder.path).value() > 0);

  auto held = disk.lock(folder.path + "/lock");
  REQUIRE(held.ok());
  CHECK(disk.lock(folder.path + "/lock").error().reason() == Reason::kConflict);
  *held = nullptr;
  CHECK(disk.lock(folder.path + "/lock").ok());
}

TEST_CASE("clock and entropy") {
  RealClock clock;
  const std::int64_t before = clock.monotonic_ns();
  CHECK(clock.monotonic_ns() >= before);
  CHECK(clock.wall_ns() > 1'600'000'000'000'000'000);
  RealEntropy entropy;
  unsigned char a[1000] = {};
  unsigned char b[1000] = {};
  entropy.fill(a);
  entropy.fill(b);
  CHECK(std::string(a, a + 1000) != std::string(b, b + 1000));
}

}  // namespace
}  // namespace plinth::world_real
