#include "node/agent/pressure.h"

#include <doctest/doctest.h>

#include "node/agent/image_collector.h"
#include "node/agent/pod_groups.h"
#include "node/pod/pod_testing.h"

namespace plinth::node {
namespace {

constexpr std::uint64_t kMi = 1 << 20, kGi = 1 << 30;
constexpr std::int64_t kSecond_ = 1'000'000'000;

HostReading healthy() {
  HostReading out;
  out.memory_bytes = 8 * kGi;
  out.memory_working_set_bytes = 2 * kGi;
  out.processes = 300;
  out.processes_max = 32768;
  out.node_files = out.images = {100 * kGi, 40 * kGi, 1000, 500};
  return out;
}

std::shared_ptr<const Pod> pod(const std::string& name, const std::string& resources, const std::string& more = "") {
  auto out =
      std::make_shared<Pod>(test_pod(R"({"containers":[{"name":"c","image":"i","resources":)" + resources + "}]" + more + "}"));
  out->name = name;
  return out;
}

Candidate candidate(const std::string& name, const std::string& resources, std::uint64_t memory, const std::string& more = "") {
  Candidate out;
  out.pod = pod(name, resources, more);
  out.containers = {{"c", {0, static_cast<std::int64_t>(memory)}}};
  return out;
}

std::string names(const std::vector<Shortage>& found) {
  std::string out;
  for (const Shortage& one : found) out += (out.empty() ? "" : " ") + one.signal;
  return out;
}

}  // namespace

TEST_CASE("what a node is short of") {
  const EvictionThresholds thresholds;
  CHECK(shortages(healthy(), thresholds).empty());
  HostReading memory = healthy();
  memory.memory_working_set_bytes = memory.memory_bytes - 50 * kMi;
  const auto found = shortages(memory, thresholds);
  REQUIRE(found.size() == 1);
  CHECK(found[0].pressure == Pressure::kMemory);
  CHECK(found[0].signal == "memory.available");
  CHECK(found[0].threshold == "100Mi");
  CHECK(found[0].available == "50Mi");
  HostReading disk = healthy();
  disk.node_files.bytes_available = 4 * kGi;
  disk.images.inodes_free = 10;
  CHECK(names(shortages(disk, thresholds)) == "nodefs.available imagefs.inodesFree");
  disk.images.inodes = 0;  // a file system without a table of them
  CHECK(names(shortages(disk, thresholds)) == "nodefs.available");
  HostReading processes = healthy();
  processes.processes = 32000;
  CHECK(names(shortages(processes, thresholds)) == "pid.available");
  CHECK(shortages(HostReading(), thresholds).empty());  // nothing is known
}

TEST_CASE("a condition stays for five minutes after the last shortage") {
  PressureState state;
  const std::vector<Shortage> memory = {{Pressure::kMemory, "memory.available", "memory", "", ""}};
  state.update(memory, 0);
  CHECK(state.holds() == std::set<Pressure>{Pressure::kMemory});
  state.update({}, 299 * kSecond_);
  CHECK(state.holds().size() == 1);
  state.update({}, 300 * kSecond_);
  CHECK(state.holds().empty());
}

TEST_CASE("which pod goes first") {
  const char* nothing = "{}";
  const char* half = R"({"requests":{"memory":"512Mi"}})";
  struct Case {
    const char* name;
    std::vector<Candidate> candidates;
    std::string first;
  };
  const Case cases[] = {
      {"over its request before one that keeps to it",
       {candidate("kept", half, 500 * kMi), candidate("over", nothing, 10 * kMi)},
       "over"},
      {"lower priority",
       {candidate("low", nothing, 10 * kMi, R"(,"priority":-5)"), candidate("high", nothing, 900 * kMi, R"(,"priority":10)")},
       "low"},
      {"furthest over its request",
       {candidate("a", half, 700 * kMi), candidate("b", half, 900 * kMi), candidate("c", half, 600 * kMi)},
       "b"},
      {"all keep to theirs: the one that is nearest", {candidate("a", half, 100 * kMi), candidate("b", half, 500 * kMi)}, "b"},
      {"what is critical stays",
       {candidate("critical", nothing, 900 * kMi, R"(,"priority":2000000000)"), candidate("a", half, 100 * kMi)},
       "a"},
      {"what was not measured stays", {candidate("unknown", nothing, 0)}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto first = first_to_go(c.candidates, Pressure::kMemory);
    CHECK((first ? c.candidates[*first].pod->name : "") == c.first);
  }
  std::vector<Candidate> writers = {candidate("a", nothing, 900 * kMi), candidate("b", nothing, 0)};
  writers[0].written["c"] = 1 * kMi;
  writers[1].volumes_and_logs = 5 * kMi;
  CHECK(first_to_go(writers, Pressure::kDisk) == 1);
  CHECK_FALSE(first_to_go(writers, Pressure::kProcesses).has_value());
}

TEST_CASE("what is said of an eviction, and who is let in meanwhile") {
  const Shortage memory{Pressure::kMemory, "memory.available", "memory", "100Mi", "50Mi"};
  const Verdict verdict = eviction_verdict(candidate("a", R"({"requests":{"memory":"512Mi"}})", 700 * kMi), memory);
  CHECK(verdict.reason == "Evicted");
  CHECK(verdict.disrupts);
  CHECK(verdict.message ==
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 700Mi, "
        "request is 512Mi, has "
        "larger consumption of memory. ");
  const auto any = pod("p", "{}"), burstable = pod("p", R"({"requests":{"memory":"1Mi"}})");
  const auto tolerant = pod("p", "{}", R"(,"tolerations":[{"key":"node.kubernetes.io/memory-pressure","operator":"Exists"}])");
  const auto critical = pod("p", "{}", R"(,"priority":2000001000)");
  CHECK_FALSE(refused_under({}, *any).has_value());
  CHECK(refused_under({Pressure::kMemory}, *any)->message == "Pod was rejected: The node had condition: [MemoryPressure]. ");
  CHECK_FALSE(refused_under({Pressure::kMemory}, *burstable).has_value());
  CHECK_FALSE(refused_under({Pressure::kMemory}, *tolerant).has_value());
  CHECK(refused_under({Pressure::kDisk}, *burstable).has_value());
  CHECK(refused_under({Pressure::kMemory, Pressure::kDisk}, *burstable)->message ==
        "Pod was rejected: The node had condition: [MemoryPressure DiskPressure]. ");
  CHECK_FALSE(refused_under({Pressure::kDisk}, *critical).has_value());
}

TEST_CASE("images that go") {
  const ImageLimits limits;
  CHECK(bytes_to_free({100 * kGi, 16 * kGi, 0, 0}, limits) == 0);
  CHECK(bytes_to_free({100 * kGi, 15 * kGi, 0, 0}, limits) == 5 * kGi);
  CHECK(bytes_to_free({100 * kGi, 0, 0, 0}, limits) == 20 * kGi);
  CHECK(bytes_to_free({}, limits) == 0);

  const auto image = [](const char* id, std::uint64_t bytes, bool pinned = false) {
    Image out;
    out.id = id;
    out.size_bytes = bytes;
    out.pinned = pinned;
    return out;
  };
  const std::vector<Image> images = {image("used", 10),  image("recent", 10), image("old", 10),
                                     image("never", 10), image("young", 10),  image("pinned", 10, true)};
  constexpr std::int64_t kNow = 1000 * kSecond_;
  const std::map<std::string, ImageTimes> times = {
      {"used", {0, kNow}}, {"recent", {0, 900 * kSecond_}}, {"old", {0, 100 * kSecond_}},
      {"never", {1, 0}},   {"young", {950 * kSecond_, 0}},  {"pinned", {0, 0}}};
  using Ids = std::vector<std::string>;
  CHECK(choose_images(images, {"used"}, times, 1, 120 * kSecond_, kNow).ids == Ids{"never"});
  CHECK(choose_images(images, {"used"}, times, 15, 120 * kSecond_, kNow).ids == Ids{"never", "old"});
  const ImageChoice all = choose_images(images, {"used"}, times, UINT64_MAX, 120 * kSecond_, kNow);
  CHECK(all.ids == Ids{"never", "old", "recent"});
  CHECK(all.bytes == 30);
  CHECK(choose_images(images, {"used"}, times, UINT64_MAX, 0, kNow).ids.size() == 4);
  CHECK(choose_images(images, {"used"}, times, 0, 0, kNow).ids.empty());
}

TEST_CASE("shares of the groups above pods") {
  api::ResourceAmounts allocatable;
  allocatable["cpu"] = *api::Quantity::parse("2");
  const std::vector<std::shared_ptr<const Pod>> pods = {
      pod("a", R"({"requests":{"cpu":"250m"}})"), pod("b", R"({"requests":{"cpu":"500m"},"limits":{"cpu":"1"}})"),
      pod("c", "{}"), pod("d", R"({"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}})")};
  const TierResources tiers = tier_resources(pods, allocatable);
  CHECK(tiers.all.cpu_shares == 2048);
  CHECK(tiers.burstable.cpu_shares == 768);
  CHECK(tiers.best_effort.cpu_shares == 2);
  CHECK(tier_resources({}, {}).burstable.cpu_shares == 2);
}

}  // namespace plinth::node
