#include "workloads/nodes/nodes.h"

#include <algorithm>

#include "base/time_text.h"
#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = TestCluster::kNow;

std::string node(const std::string& name, const std::string& ready, const std::string& taints = "[]") {
  const std::string condition =
      ready.empty() ? "" : R"({"type":"Ready","status":")" + ready + R"(","lastHeartbeatTime":"2026-09-21T14:13:00Z"})";
  return R"({"kind":"Node","metadata":{"name":")" + name + R"("},"spec":{"taints":)" + taints +
         R"(},"status":{"conditions":[)" + condition + "]}}";
}

std::string pod(const std::string& on, const std::string& spec = "") {
  return R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":")" + on + "\"" + spec +
         R"(},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})";
}

std::string taints(const TestCluster& cluster, const std::string& name) {
  std::string out;
  const auto found = cluster.get("Node", name);
  const Value list = (*found)["spec"]["taints"];
  for (const Value& taint : list.items())
    out += (out.empty() ? "" : " ") + std::string(taint["key"].as_string()) + ":" + std::string(taint["effect"].as_string());
  return out;
}

}  // namespace

TEST_CASE("a node that falls silent") {
  TestCluster cluster;
  cluster.put(node("n1", "True"));
  cluster.put(node("n2", "True"));
  cluster.put(pod("n1"));
  const auto controller = make_node_lifecycle();
  CHECK(cluster.settle(*controller, kNow) == 0);
  // n2 reports by its lease.
  cluster.put(
      R"({"kind":"Lease","metadata":{"name":"n2","namespace":"kube-node-lease"},"spec":{"renewTime":"2026-09-21T14:13:50.000000Z"}})");
  cluster.step(*controller, "n2", kNow + 30 * kSecond);
  CHECK(cluster.settle(*controller, kNow + 49 * kSecond) == 0);
  cluster.settle(*controller, kNow + 51 * kSecond);
  CHECK(cluster.text("Node", "n1", "status.conditions.0.status") == "Unknown");
  CHECK(cluster.text("Node", "n1", "status.conditions.0.reason") == "NodeStatusUnknown");
  CHECK(cluster.text("Node", "n1", "status.conditions.1.reason") == "NodeStatusNeverUpdated");
  CHECK(cluster.text("Node", "n2", "status.conditions.0.status") == "True");
  CHECK(taints(cluster, "n1") == "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute");
  CHECK(cluster.text("Pod", "p", "status.conditions.0.status") == "False");
  // It comes back.
  cluster.put(
      R"({"kind":"Lease","metadata":{"name":"n1","namespace":"kube-node-lease"},"spec":{"renewTime":"2026-09-21T14:14:50.000000Z"}})");
  cluster.put(node("n1", "True",
                   R"([{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"},{"key":"mine","effect":"NoSchedule"}])"));
  cluster.settle(*controller, kNow + 60 * kSecond);
  CHECK(taints(cluster, "n1") == "mine:NoSchedule");
}

TEST_CASE("when no node is ready nothing is evicted") {
  TestCluster cluster;
  cluster.put(node("n1", "True"));
  const auto controller = make_node_lifecycle();
  cluster.settle(*controller, kNow);
  cluster.settle(*controller, kNow + 60 * kSecond);
  CHECK(cluster.text("Node", "n1", "status.conditions.0.status") == "Unknown");
  CHECK(taints(cluster, "n1") == "node.kubernetes.io/unreachable:NoSchedule");
}

TEST_CASE("a start after a long stop is no silence of the node") {
  TestCluster cluster;
  cluster.put(node("n1", "True"));
  CHECK(cluster.settle(*make_node_lifecycle(), kNow + 3600 * kSecond) == 0);
}

TEST_CASE("taints for conditions") {
  struct Case {
    const char *conditions, *spec, *taints;
  };
  const Case cases[] = {
      {R"({"type":"Ready","status":"False"})", "{}", "node.kubernetes.io/not-ready:NoSchedule"},
      {R"({"type":"Ready","status":"True"},{"type":"DiskPressure","status":"True"},{"type":"MemoryPressure","status":"True"})",
       "{}", "node.kubernetes.io/memory-pressure:NoSchedule node.kubernetes.io/disk-pressure:NoSchedule"},
      {R"({"type":"Ready","status":"True"})", R"({"unschedulable":true})", "node.kubernetes.io/unschedulable:NoSchedule"},
      {R"({"type":"Ready","status":"True"})", R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]})",
       ""},
      {"", R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]})",
       "node.kubernetes.io/not-ready:NoSchedule"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.conditions);
    TestCluster cluster;
    cluster.put(R"({"kind":"Node","metadata":{"name":"n1"},"spec":)" + std::string(c.spec) + R"(,"status":{"conditions":[)" +
                c.conditions + "]}}");
    cluster.settle(*make_node_lifecycle());
    CHECK(taints(cluster, "n1") == c.taints);
  }
}

TEST_CASE("who has to leave a tainted node, and when") {
  struct Case {
    const char* why;
    const char* tolerations;
    std::int64_t after_s;  // -1: never
  };
  const Case cases[] = {
      {"nothing tolerated", "[]", 0},
      {"for good", R"([{"key":"k","operator":"Exists"}])", -1},
      {"for a while", R"([{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}])", 300},
      {"the shortest counts",
       R"([{"operator":"Exists","tolerationSeconds":60},{"key":"k","operator":"Exists","tolerationSeconds":300}])", 60},
      {"another taint", R"([{"key":"other","operator":"Exists"}])", 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    TestCluster cluster;
    cluster.put(node("n1", "True", R"([{"key":"k","effect":"NoExecute","timeAdded":")" + format_rfc3339(kNow) + "\"}]"));
    cluster.put(pod("n1", R"(,"tolerations":)" + std::string(c.tolerations)));
    const auto controller = make_taint_eviction();
    if (c.after_s > 0) {
      CHECK(cluster.settle(*controller, kNow + (c.after_s - 1) * kSecond) == 0);
      CHECK(cluster.revisit_ns == kSecond);
    }
    cluster.settle(*controller, kNow + (c.after_s < 0 ? 100000 : c.after_s) * kSecond);
    CHECK(cluster.get("Pod", "p")->deleting() == (c.after_s >= 0));
    if (c.after_s < 0) continue;
    CHECK(cluster.text("Pod", "p", "status.conditions.1.reason") == "DeletionByTaintManager");
    CHECK(cluster.events() == std::vector<std::string>{"Normal TaintManagerEviction p: Marking for deletion Pod default/p"});
  }
}

TEST_CASE("a taint made by hand is given its time") {
  TestCluster cluster;
  cluster.put(node("n1", "True", R"([{"key":"k","effect":"NoExecute"}])"));
  cluster.settle(*make_taint_eviction());
  CHECK(cluster.text("Node", "n1", "spec.taints.0.timeAdded") == format_rfc3339(kNow));
}

TEST_CASE("pods that nobody else removes") {
  TestCluster cluster;
  const auto collector = make_pod_garbage_collector();
  SUBCASE("their node is gone") {
    cluster.put(pod("gone"));
    cluster.step(*collector, "pod/default/p");
    CHECK(cluster.text("Pod", "p", "status.phase") == "Failed");
    CHECK(cluster.text("Pod", "p", "status.conditions.1.reason") == "DeletionByPodGC");
    cluster.settle(*collector);
    CHECK(cluster.all("Pod").empty());
  }
  SUBCASE("deleted before they had a node") {
    cluster.put(
        R"({"kind":"Pod","metadata":{"name":"p","deletionTimestamp":"2026-09-21T14:00:00Z","deletionGracePeriodSeconds":30},"spec":{},"status":{"phase":"Pending"}})");
    cluster.settle(*collector);
    CHECK(cluster.all("Pod").empty());
  }
  SUBCASE("others stay") {
    cluster.put(node("n1", "True"));
    cluster.put(pod("n1"));
    CHECK(cluster.settle(*collector) == 0);
  }
}

}  // namespace plinth::workloads
