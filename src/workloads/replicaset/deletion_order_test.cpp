#include "workloads/replicaset/deletion_order.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/time_text.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 2'000'000 * kSecond;

struct PodSpec {
  std::string name, node = "n1", phase = "Running";
  bool ready = true;
  int cost = 0, ready_for_s = 1000, restarts = 0, age_s = 1000;
};

client::Object pod(const PodSpec& spec) {
  auto at = [](int ago) { return format_rfc3339(kNow - ago * kSecond); };
  const std::string text = R"({"metadata":{"creationTimestamp":")" + at(spec.age_s) +
                           R"(","annotations":{"controller.kubernetes.io/pod-deletion-cost":")" + std::to_string(spec.cost) +
                           R"("}},"spec":{"nodeName":")" + spec.node + R"("},"status":{"phase":")" + spec.phase +
                           R"(","containerStatuses":[{"restartCount":)" + std::to_string(spec.restarts) +
                           R"(}],"conditions":[{"type":"Ready","status":")" + (spec.ready ? "True" : "False") +
                           R"(","lastTransitionTime":")" + at(spec.ready_for_s) + R"("}]}})";
  return {pods_resource(), "default", spec.name, "uid-" + spec.name, 1, parse_json(text).value()};
}

}  // namespace

TEST_CASE("what goes first when there are too many pods") {
  struct Case {
    const char* why;
    PodSpec first, second;
  };
  const Case cases[] = {
      {"not on a node", {.name = "b", .node = ""}, {.name = "a"}},
      {"pending", {.name = "b", .phase = "Pending"}, {.name = "a", .phase = "Unknown"}},
      {"not ready", {.name = "b", .ready = false}, {.name = "a"}},
      {"cheaper", {.name = "b", .cost = -5}, {.name = "a"}},
      {"ready for a shorter time, by magnitude", {.name = "b", .ready_for_s = 10}, {.name = "a"}},
      {"about as long ready: by uid", {.name = "a", .ready_for_s = 1010}, {.name = "b", .ready_for_s = 1000}},
      {"more restarts", {.name = "b", .restarts = 3}, {.name = "a"}},
      {"younger", {.name = "b", .age_s = 10}, {.name = "a"}},
      {"not ready counts more than cost", {.name = "b", .ready = false, .cost = 9}, {.name = "a", .cost = -9}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    for (const bool swapped : {false, true}) {
      std::vector<client::Object> pods = {pod(c.first), pod(c.second)};
      if (swapped) std::swap(pods[0], pods[1]);
      const auto out = pods_to_delete(pods, pods, 1, kNow);
      REQUIRE(out.size() == 1);
      CHECK(out[0].name == c.first.name);
    }
  }
}

TEST_CASE("of equal pods one that shares its node goes first") {
  const std::vector<client::Object> pods = {pod({.name = "a", .node = "n1"}), pod({.name = "b", .node = "n2"})};
  std::vector<client::Object> related = pods;
  related.push_back(pod({.name = "c", .node = "n2"}));
  CHECK(pods_to_delete(pods, related, 1, kNow)[0].name == "b");
  CHECK(pods_to_delete(pods, related, 5, kNow).size() == 2);
}

}  // namespace plinth::workloads
