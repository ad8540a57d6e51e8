#include "node/agent/usage_meter.h"

#include <doctest/doctest.h>

namespace plinth::node {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kNow = 1'700'000'000 * kSecond;

ContainerStats stats(const char* id, std::int64_t at_ns, std::uint64_t cpu_ms, std::uint64_t memory) {
  ContainerStats out;
  out.id = id;
  out.timestamp_ns = at_ns;
  out.cpu_usage_core_ns = cpu_ms * 1'000'000;
  out.memory_working_set_bytes = memory;
  return out;
}

const std::pair<std::string, std::string> kWeb{"default", "web"};

}  // namespace

TEST_CASE("usage from two rounds of samples") {
  const RunningContainers running = {{"a", {"default", "web", "u1", "app", kNow - 3600 * kSecond}},
                                     {"b", {"default", "web", "u1", "side", kNow - 3600 * kSecond}}};
  std::map<std::string, CpuSample> samples;
  // Found running: the first sample says nothing.
  CHECK(pod_usage(running, {stats("a", kNow, 1000, 10), stats("b", kNow, 500, 20)}, samples).empty());
  // Ten seconds later: 2.5 s and 0.1 s of processor time.
  auto pods = pod_usage(
      running, {stats("a", kNow + 10 * kSecond, 3500, 11), stats("b", kNow + 10 * kSecond, 600, 21), stats("x", kNow, 1, 1)},
      samples);
  REQUIRE(pods.size() == 1);
  const api::PodUsage& pod = pods[kWeb];
  CHECK(pod.uid == "u1");
  CHECK(pod.period.timestamp_ns == kNow + 10 * kSecond);
  CHECK(pod.period.window_ns == 10 * kSecond);
  REQUIRE(pod.containers.size() == 2);
  CHECK(pod.containers[0].name == "app");
  CHECK(pod.containers[0].usage.cpu_nano_cores == 250'000'000);
  CHECK(pod.containers[0].usage.memory_bytes == 11);
  CHECK(pod.containers[1].usage.cpu_nano_cores == 10'000'000);
  CHECK(samples.size() == 2);
  // One of them has no statistics: nothing is said of the pod.
  CHECK(pod_usage(running, {stats("a", kNow + 20 * kSecond, 3500, 11)}, samples).empty());
  // The same sample once more is no second one, and does not take the first one's place.
  pods = pod_usage(running, {stats("a", kNow + 20 * kSecond, 3500, 11), stats("b", kNow + 30 * kSecond, 800, 21)}, samples);
  CHECK(pods.empty());
  // A counter that went back begins anew.
  CHECK(
      pod_usage(running, {stats("a", kNow + 40 * kSecond, 10, 11), stats("b", kNow + 40 * kSecond, 900, 21)}, samples).empty());
  CHECK(pod_usage(running, {stats("a", kNow + 50 * kSecond, 20, 11), stats("b", kNow + 50 * kSecond, 1000, 21)}, samples)
            .size() == 1);
}

TEST_CASE("of a container that has just started the average since then") {
  struct Case {
    std::int64_t age_s;
    bool told;
  };
  for (const Case c : {Case{1, false}, Case{2, true}, Case{4, true}, Case{30, true}, Case{31, false}, Case{-5, false}}) {
    CAPTURE(c.age_s);
    const RunningContainers running = {{"a", {"default", "web", "u1", "app", kNow - c.age_s * kSecond}}};
    std::map<std::string, CpuSample> samples;
    auto pods = pod_usage(running, {stats("a", kNow, 400, 7)}, samples);
    CHECK(pods.size() == (c.told ? 1 : 0));
    if (!c.told) continue;
    CHECK(pods[kWeb].period.window_ns == c.age_s * kSecond);
    CHECK(pods[kWeb].containers[0].usage.cpu_nano_cores == 400'000'000 / c.age_s);
  }
}

}  // namespace plinth::node
