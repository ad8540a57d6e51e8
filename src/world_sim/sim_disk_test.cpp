#include "world_sim/sim_disk.h"

#include <set>

#include <doctest/doctest.h>

namespace plinth::world_sim {
namespace {

std::unique_ptr<File> open_file(SimDisk& disk, const std::string& path, OpenMode mode = OpenMode::kCreate) {
  auto file = disk.open(path, mode);
  REQUIRE(file.ok());
  return std::move(*file);
}

std::string content(SimDisk& disk, const std::string& path) {
  auto text = read_file(disk, path, 1 << 20);
  return text.ok() ? *text : "error";
}

TEST_CASE("sim disk: what a file system does") {
  SimDisk disk(1);
  CHECK(disk.make_directories("/data/log").ok());
  auto file = open_file(disk, "data/log/1");
  CHECK(file->write_at(0, "hello").ok());
  CHECK(file->write_at(1000, "x").ok());
  CHECK(*file->size() == 1001);
  CHECK(content(disk, "/data/log/1") == "hello" + std::string(995, '\0') + "x");
  CHECK(file->truncate(3).ok());
  CHECK(file->truncate(6).ok());
  CHECK(content(disk, "/data/log/1") == std::string("hel\0\0\0", 6));
  const std::string_view parts[] = {"ab", "", "cd"};
  CHECK(file->write_at(1, parts).ok());
  CHECK(content(disk, "/data/log/1") == std::string("habcd\0", 6));
  CHECK(disk.rename("/data/log/1", "/data/2").ok());
  CHECK(*disk.list("/data") == std::vector<std::string>{"2", "log"});
  CHECK(file->write_at(0, "H").ok());
  CHECK(content(disk, "/data/2") == std::string("Habcd\0", 6));
  CHECK(disk.open("/data/2", OpenMode::kCreateExclusive).error().reason() == Reason::kAlreadyExists);
  CHECK(disk.open("/data/3", OpenMode::kReadWrite).error().reason() == Reason::kNotFound);
  CHECK(disk.open("/none/3", OpenMode::kCreate).error().reason() == Reason::kNotFound);
  CHECK(disk.list("/none").error().reason() == Reason::kNotFound);
  CHECK_FALSE(disk.remove("/data").ok());
  CHECK(disk.remove("/data/2").ok());
  CHECK(disk.remove("/data/2").error().reason() == Reason::kNotFound);
  CHECK(open_file(disk, "/r")->sync().ok());
  CHECK(open_file(disk, "/r", OpenMode::kRead)->write_at(0, "x").error().reason() == Reason::kForbidden);
}

TEST_CASE("sim disk: locks are exclusive and end with their owner or the machine") {
  SimDisk disk(1);
  auto first = disk.lock("/lock");
  REQUIRE(first.ok());
  CHECK(disk.lock("/lock").error().reason() == Reason::kConflict);
  { auto gone = std::move(*first); }
  auto second = disk.lock("/lock");
  CHECK(second.ok());
  disk.crash();
  disk.restart();
  auto third = disk.lock("/lock");
  REQUIRE(third.ok());
  { auto gone = std::move(*second); }
  CHECK_FALSE(disk.lock("/lock").ok());
}

TEST_CASE("sim disk: synced data with a synced name survives, nothing else need") {
  SimDisk disk(1);
  disk.set_crash_policy(CrashPolicy::kLoseAll);
  auto file = open_file(disk, "/kept");
  CHECK(file->write_at(0, "synced").ok());
  CHECK(file->sync().ok());
  CHECK(disk.sync_directory("/").ok());
  CHECK(file->write_at(0, "SYNCED, not").ok());
  CHECK(open_file(disk, "/name_lost")->sync().ok());
  CHECK(disk.durable_content("/kept") == "synced");
  disk.crash();
  CHECK(file->write_at(0, "x").error().message().find("crashed") != std::string::npos);
  CHECK_FALSE(disk.open("/kept", OpenMode::kRead).ok());
  disk.restart();
  CHECK_FALSE(file->size().ok());
  CHECK(disk.paths() == std::vector<std::string>{"/kept"});
  CHECK(content(disk, "/kept") == "synced");
}

TEST_CASE("sim disk: kKeepAll loses nothing") {
  SimDisk disk(1);
  disk.set_crash_policy(CrashPolicy::kKeepAll);
  auto file = open_file(disk, "/a");
  CHECK(file->write_at(0, std::string(3000, 'a')).ok());
  CHECK(file->truncate(1500).ok());
  CHECK(file->write_at(1600, "b").ok());
  CHECK(disk.rename("/a", "/b").ok());
  std::uint64_t before = disk.fingerprint();
  disk.crash();
  disk.restart();
  CHECK(disk.fingerprint() == before);
}

// What the sectors of a file are after a crash, over many seeds: 'o' old, 'n' new, 'm' the version between.
std::set<std::string> outcomes(bool overwrite_twice) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk(seed);
    auto file = open_file(disk, "/f");
    CHECK(file->write_at(0, std::string(2 * kSectorBytes, 'o')).ok());
    CHECK(file->sync().ok());
    CHECK(disk.sync_directory("/").ok());
    if (overwrite_twice) CHECK(file->write_at(0, std::string(2 * kSectorBytes, 'm')).ok());
    CHECK(file->write_at(0, std::string(2 * kSectorBytes, 'n')).ok());
    disk.crash();
    disk.restart();
    std::string text = content(disk, "/f");
    REQUIRE(text.size() == 2 * kSectorBytes);
    CHECK(text.substr(0, kSectorBytes) == std::string(kSectorBytes, text[0]));
    seen.insert({text[0], text[kSectorBytes]});
  }
  return seen;
}

TEST_CASE("sim disk: any subset of unsynced sectors survives, in any version") {
  CHECK(outcomes(false) == std::set<std::string>{"oo", "on", "no", "nn"});
  CHECK(outcomes(true).size() == 9);
}

TEST_CASE("sim disk: a grown file survives at any of its sizes, with holes as zeros") {
  std::set<std::size_t> sizes;
  std::set<char> first;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(seed);
    auto file = open_file(disk, "/f");
    CHECK(disk.sync_directory("/").ok());
    CHECK(file->write_at(0, std::string(700, 'a')).ok());
    CHECK(file->write_at(700, std::string(700, 'b')).ok());
    disk.crash();
    disk.restart();
    std::string text = content(disk, "/f");
    sizes.insert(text.size());
    if (!text.empty()) first.insert(text[0]);
  }
  CHECK(sizes == std::set<std::size_t>{0, 700, 1400});
  CHECK(first == std::set<char>{'\0', 'a'});
}

TEST_CASE("sim disk: a lost truncation brings the old end back; data behind a kept one stays gone") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk(seed);
    auto file = open_file(disk, "/f");
    CHECK(file->write_at(0, "aaaa").ok());
    CHECK(file->sync().ok());
    CHECK(disk.sync_directory("/").ok());
    CHECK(file->truncate(1).ok());
    CHECK(file->write_at(2, "b").ok());
    disk.crash();
    disk.restart();
    seen.insert(content(disk, "/f"));
  }
  CHECK(seen == std::set<std::string>{"aaaa", "a", std::string("a\0b", 3), std::string("a\0\0", 3)});
}

TEST_CASE("sim disk: names survive in any combination, a rename whole") {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(seed);
    CHECK(write_file_atomically(disk, "/f", "old").ok());
    auto file = open_file(disk, "/f.tmp");
    CHECK(file->write_at(0, "new").ok());
    CHECK(file->sync().ok());
    CHECK(disk.rename("/f.tmp", "/f").ok());
    disk.crash();
    disk.restart();
    std::vector<std::string> state = disk.paths();
    state.push_back(content(disk, "/f"));
    seen.insert(state);
  }
  CHECK(seen == std::set<std::vector<std::string>>{{"/f", "old"}, {"/f", "/f.tmp", "old"}, {"/f", "new"}});
}

TEST_CASE("sim disk: directories need a sync only when asked for") {
  for (bool lose : {false, true}) {
    SimDisk disk(1);
    disk.set_crash_policy(CrashPolicy::kLoseAll);
    disk.set_lose_directories(lose);
    CHECK(disk.make_directories("/a/b").ok());
    CHECK(write_file_atomically(disk, "/a/b/f", "x").ok());
    disk.crash();
    disk.restart();
    CHECK(disk.paths().size() == (lose ? 0 : 1));
  }
}

TEST_CASE("sim disk: the n-th operation fails") {
  SimDisk disk(1);
  auto file = open_file(disk, "/f");
  disk.fail_nth(DiskOperation::kWrite, 2, Reason::kInsufficientStorage);
  CHECK(file->write_at(0, "a").ok());
  CHECK(file->write_at(1, "b").error().reason() == Reason::kInsufficientStorage);
  CHECK(file->write_at(1, "b").ok());
  disk.fail_nth(DiskOperation::kAny, 1);
  CHECK_FALSE(disk.list("/").ok());
  CHECK(disk.list("/").ok());
  CHECK(disk.operations(DiskOperation::kWrite) == 3);
}

TEST_CASE("sim disk: a failed sync is final: a second one does not help") {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(seed);
    auto file = open_file(disk, "/f");
    CHECK(disk.sync_directory("/").ok());
    CHECK(file->write_at(0, "data").ok());
    disk.fail_nth(DiskOperation::kSync, 1);
    CHECK_FALSE(file->sync().ok());
    CHECK_FALSE(file->write_at(0, "more").ok());
    CHECK_FALSE(file->sync().ok());
    auto again = open_file(disk, "/f");
    CHECK(content(disk, "/f") == "data");  // the page cache still has it
    CHECK(again->sync().ok());
    disk.crash();
    disk.restart();
    if (content(disk, "/f") != "data") ++lost;
  }
  CHECK(lost > 10);
  CHECK(lost < 45);
}

TEST_CASE("sim disk: data written again after a failed sync can be made durable") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(seed);
    auto file = open_file(disk, "/f");
    CHECK(disk.sync_directory("/").ok());
    CHECK(file->write_at(0, "data").ok());
    disk.fail_nth(DiskOperation::kSync, 1);
    CHECK_FALSE(file->sync().ok());
    auto again = open_file(disk, "/f");
    CHECK(again->write_at(0, "data").ok());
    CHECK(again->sync().ok());
    disk.crash();
    disk.restart();
    CHECK(content(disk, "/f") == "data");
  }
}

TEST_CASE("sim disk: a full disk takes what fits and still allows overwriting and deleting") {
  SimDisk disk(1);
  disk.set_capacity(10);
  auto file = open_file(disk, "/f");
  CHECK(file->write_at(0, "12345678").ok());
  CHECK(*disk.free_bytes("/") == 2);
  CHECK(file->write_at(8, "abcd").error().reason() == Reason::kInsufficientStorage);
  CHECK(content(disk, "/f") == "12345678ab");
  CHECK(file->write_at(0, "x").ok());
  CHECK(file->truncate(11).error().reason() == Reason::kInsufficientStorage);
  CHECK(file->truncate(5).ok());
  CHECK(*disk.free_bytes("/") == 5);
}

TEST_CASE("sim disk: crash after the n-th write tears it") {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk disk(seed);
    disk.set_crash_policy(CrashPolicy::kKeepAll);
    auto file = open_file(disk, "/f");
    disk.crash_after_writes(2);
    CHECK(file->write_at(0, "a").ok());
    CHECK_FALSE(file->write_at(1, "bcd").ok());
    CHECK(disk.crashed());
    CHECK_FALSE(file->sync().ok());
    disk.restart();
    sizes.insert(content(disk, "/f").size());
  }
  CHECK(sizes == std::set<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("sim disk: rot") {
  SimDisk disk(1);
  CHECK(write_file_atomically(disk, "/f", "aaaa").ok());
  CHECK(disk.flip_bit("/f", 9));
  CHECK(content(disk, "/f") == "acaa");
  CHECK(disk.durable_content("/f") == "acaa");
  CHECK_FALSE(disk.flip_bit("/f", 32));
  CHECK_FALSE(disk.flip_bit("/g", 0));
  CHECK(disk.flip_random_bits(3, "/f") == std::vector<std::string>{"/f", "/f", "/f"});
  CHECK(disk.flip_random_bits(3, "/other").empty());
}

std::uint64_t run_with(std::uint64_t seed) {
  SimDisk disk(seed);
  SimRandom random(7);
  for (int i = 0; i < 200; ++i) {
    auto file = open_file(disk, "/f" + std::to_string(random.below(5)));
    CHECK(file->write_at(random.below(5000), std::string(random.below(2000), static_cast<char>('a' + random.below(26)))).ok());
    if (random.below(4) == 0) CHECK(file->sync().ok());
    if (random.below(9) == 0) CHECK(file->truncate(random.below(3000)).ok());
    if (random.below(6) == 0) CHECK(disk.sync_directory("/").ok());
    if (random.below(40) == 0) {
      disk.crash();
      disk.restart();
    }
  }
  return disk.fingerprint();
}

TEST_CASE("sim disk: the seed decides everything") {
  CHECK(run_with(3) == run_with(3));
  CHECK(run_with(3) != run_with(4));
}

// A file system that keeps its promises: a model of what must survive.
TEST_CASE("sim disk: what was synced and not changed since survives every crash") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(seed);
    SimRandom random(seed);
    std::string model(8 * kSectorBytes, 'z');  // content at the last sync
    auto file = open_file(disk, "/f");
    CHECK(file->write_at(0, model).ok());
    CHECK(file->sync().ok());
    CHECK(disk.sync_directory("/").ok());
    std::set<std::size_t> touched;
    std::string now = model;
    for (int i = 0; i < 20; ++i) {
      std::size_t at = random.below(now.size()), size = random.below(now.size() - at) / 2;
      std::string data(size, static_cast<char>('a' + random.below(26)));
      CHECK(file->write_at(at, data).ok());
      now.replace(at, size, data);
      for (std::size_t b = at; b < at + size; ++b) touched.insert(b / kSectorBytes);
      if (random.below(3) != 0) continue;
      CHECK(file->sync().ok());
      model = now;
      touched.clear();
    }
    disk.crash();
    disk.restart();
    std::string left = content(disk, "/f");
    REQUIRE(left.size() == model.size());
    for (std::size_t s = 0; s < 8; ++s) {
      if (touched.count(s) == 0)
        CHECK(left.substr(s * kSectorBytes, kSectorBytes) == model.substr(s * kSectorBytes, kSectorBytes));
    }
  }
}

}  // namespace
}  // namespace plinth::world_sim
