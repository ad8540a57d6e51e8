// The simulated disk against the machine's file system: without faults no call may tell them apart.
#include <filesystem>

#include <doctest/doctest.h>
#include <stdlib.h>

#include "world_real/real_disk.h"
#include "world_sim/sim_disk.h"

namespace plinth::world_sim {
namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    char pattern[] = "/tmp/plinth-contract-XXXXXX";
    path = mkdtemp(pattern);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string reason_of(const Error& error) { return "failed: " + std::string(reason_name(error.reason())); }

template <typename T>
std::string outcome(const Result<T>& result) {
  return result.ok() ? "ok" : reason_of(result.error());
}

// A disk with what is open on it; the same operations in the same order on each.
class Subject {
 public:
  Subject(Disk& disk, std::string root) : disk_(disk), root_(std::move(root)) {}

  // One random operation and what came of it, as text.
  std::string step(SimRandom& random) {
    std::string a = name(random), b = name(random);
    std::uint64_t offset = random.below(3000), size = random.below(2000);
    switch (random.below(12)) {
      case 0:
        return open(a, static_cast<OpenMode>(random.below(4)));
      case 1:
        return outcome(disk_.rename(a, b));
      case 2:
        return outcome(disk_.remove(a));
      case 3:
        return list(random.coin() ? root_ : root_ + "/dir");
      case 4:
        return outcome(disk_.make_directories(random.coin() ? root_ + "/dir" : root_ + "/dir/below"));
      case 5:
        return outcome(disk_.sync_directory(random.coin() ? root_ : root_ + "/dir"));
      case 6:
        return content(a);
      case 7:
        return outcome(write_file_atomically(disk_, a, std::string(size, 'w')));
      default:
        return on_file(random, offset, size);
    }
  }

 private:
  std::string name(SimRandom& random) {
    static constexpr std::string_view kNames[] = {"/a", "/b", "/c", "/dir/d", "/dir/e"};
    return root_ + std::string(kNames[random.below(std::size(kNames))]);
  }

  std::string open(const std::string& path, OpenMode mode) {
    auto file = disk_.open(path, mode, 0600);
    if (!file.ok()) return reason_of(file.error());
    files_.push_back(std::move(*file));
    if (files_.size() > 4) files_.erase(files_.begin());
    return "open";
  }

  std::string list(const std::string& directory) {
    auto names = disk_.list(directory);
    if (!names.ok()) return reason_of(names.error());
    std::string out;
    for (const std::string& n : *names) out += n + " ";
    return out;
  }

  std::string content(const std::string& path) {
    auto text = read_file(disk_, path, 1 << 20);
    return text.ok() ? *text : reason_of(text.error());
  }

  std::string on_file(SimRandom& random, std::uint64_t offset, std::uint64_t size) {
    std::uint64_t operation = random.below(5), which = random.below(4);
    char fill = static_cast<char>('a' + random.below(26));
    if (which >= files_.size()) return "none";
    File& file = *files_[which];
    std::string data(size, fill);
    // A file opened for reading refuses both, but with an error of its own choice.
    if (operation == 0) return file.write_at(offset, data).ok() ? "written" : "refused";
    if (operation == 1) return file.truncate(offset).ok() ? "cut" : "refused";
    if (operation == 2) return std::to_string(*file.size());
    if (operation == 3) return "synced";
    auto n = file.read_at(offset, {data.data(), data.size()});
    return n.ok() ? data.substr(0, *n) : reason_of(n.error());
  }

  Disk& disk_;
  std::string root_;
  std::vector<std::unique_ptr<File>> files_;
};

TEST_CASE("sim disk: random operations come out as on the real disk") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    TemporaryFolder folder;
    world_real::RealDisk real_disk;
    SimDisk sim_disk(seed);
    REQUIRE(sim_disk.make_directories(folder.path).ok());
    Subject real(real_disk, folder.path), sim(sim_disk, folder.path);
    SimRandom real_random(seed), sim_random(seed);
    for (int i = 0; i < 300; ++i) {
      CAPTURE(i);
      REQUIRE(sim.step(sim_random) == real.step(real_random));
    }
  }
}

}  // namespace
}  // namespace plinth::world_sim
