// DaemonSets: where their pods are, and how they are replaced.
#include <set>

#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kSets = kApps + "daemonsets";
const std::string kAgent = kSets + "/agent";

std::string daemon_set(const std::string& spec = "", const std::string& pod_spec = "", const std::string& labels = "") {
  return R"({"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"agent"},"spec":{"selector":{"matchLabels":{"app":"agent"}})" +
         spec + R"(,"template":{"metadata":{"labels":{"app":"agent")" + labels +
         R"(}},"spec":{"containers":[{"name":"c","image":"i:1"}])" + pod_spec + "}}}}";
}

void add_node(SimPlatform& platform, FakeNode& node, const std::string& name, const std::string& labels = "",
              const std::string& taints = "") {
  created(platform, "/api/v1/nodes",
          R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name + R"(","labels":{"kubernetes.io/hostname":")" +
              name + "\"" + labels + R"(}},"spec":{"taints":[)" + taints + "]}}");
  if (name != "n1") node.add(name);
}

// "n1=i:1 n2=i:1", sorted, without those that are going.
std::string places(SimPlatform& platform) {
  std::set<std::string> out;
  for (const Document& pod : pods_of(platform, "app=agent")) {
    out.insert(std::string(pod["spec"]["nodeName"].as_string()) + "=" +
               std::string(pod["spec"]["containers"].items()[0]["image"].as_string()));
  }
  std::string text;
  for (const std::string& place : out) text += (text.empty() ? "" : " ") + place;
  return text;
}

std::int64_t status(SimPlatform& platform, const char* member) { return read(platform, kAgent)["status"][member].as_int(); }

void set_image(SimPlatform& platform, const std::string& image) {
  const auto answer = platform.call(
      "PATCH", kAgent, R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}}}})",
      "application/strategic-merge-patch+json");
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

}  // namespace

TEST_CASE("a daemon set has a pod on each node that fits, whoever comes and goes") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        add_node(platform, node, "n1");
        add_node(platform, node, "n2", R"(,"disk":"ssd")");
        add_node(platform, node, "n3", "", R"({"key":"dedicated","value":"x","effect":"NoSchedule"})");
        created(platform, kSets, daemon_set());
        node.run(20s);
        CHECK(places(platform) == "n1=i:1 n2=i:1");
        CHECK(status(platform, "desiredNumberScheduled") == 2);
        CHECK(status(platform, "numberAvailable") == 2);
        const auto pods = pods_of(platform, "app=agent");
        bool tolerates = false;
        for (const Value& t : pods[0]["spec"]["tolerations"].items())
          tolerates = tolerates || t["key"].as_string() == "node.kubernetes.io/unreachable";
        CHECK(tolerates);
        add_node(platform, node, "n4");
        node.run(20s);
        CHECK(places(platform) == "n1=i:1 n2=i:1 n4=i:1");
        // A taint that only keeps out leaves what is there, one that drives out does not.
        node.run(1s);
        patch(platform, "/api/v1/nodes/n1", R"({"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}})");
        patch(platform, "/api/v1/nodes/n4", R"({"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}})");
        node.run(20s);
        CHECK(places(platform) == "n1=i:1 n2=i:1");
        CHECK(status(platform, "desiredNumberScheduled") == 1);
        CHECK(status(platform, "numberMisscheduled") == 1);
        patch(platform, kAgent, R"({"spec":{"template":{"spec":{"nodeSelector":{"disk":"ssd"}}}}})");
        node.run(40s);
        CHECK(places(platform) == "n2=i:1");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a daemon set rolls node by node") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        for (const char* name : {"n1", "n2", "n3"}) add_node(platform, node, name);
        created(platform, kSets, daemon_set());
        node.run(20s);
        set_image(platform, "i:2");
        node.run(60s, 200ms, [&] { CHECK(pods_of(platform, "app=agent").size() >= 2); });
        CHECK(places(platform) == "n1=i:2 n2=i:2 n3=i:2");
        CHECK(status(platform, "updatedNumberScheduled") == 3);
        CHECK(read(platform, kApps + "controllerrevisions")["items"].size() == 2);
        set_image(platform, "i:1");
        node.run(60s);
        CHECK(places(platform) == "n1=i:1 n2=i:1 n3=i:1");
        CHECK(read(platform, kApps + "controllerrevisions")["items"].size() == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an update that does not come up stops at maxUnavailable") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        for (const char* name : {"n1", "n2", "n3"}) add_node(platform, node, name);
        created(platform, kSets, daemon_set());
        node.run(20s);
        patch(platform, kAgent, R"({"spec":{"template":{"metadata":{"labels":{"fate":"unready"}}}}})");
        node.run(60s);
        CHECK(status(platform, "updatedNumberScheduled") == 1);
        CHECK(status(platform, "numberAvailable") == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("with a surge every node is served all the time") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        for (const char* name : {"n1", "n2", "n3"}) add_node(platform, node, name);
        created(platform, kSets, daemon_set(R"(,"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}})"));
        node.run(20s);
        set_image(platform, "i:2");
        node.run(60s, 200ms, [&] {
          std::set<std::string> served;
          const auto pods = pods_of(platform, "app=agent");
          for (const Document& pod : pods) {
            for (const Value& c : pod["status"]["conditions"].items())
              if (c["type"].as_string() == "Ready" && c["status"].as_string() == "True")
                served.emplace(pod["spec"]["nodeName"].as_string());
          }
          CHECK(served.size() == 3);
          CHECK(pods.size() <= 4);
        });
        CHECK(places(platform) == "n1=i:2 n2=i:2 n3=i:2");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("OnDelete replaces the daemon that somebody deletes, and one that fails") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        add_node(platform, node, "n1");
        created(platform, kSets, daemon_set(R"(,"updateStrategy":{"type":"OnDelete"})"));
        node.run(20s);
        set_image(platform, "i:2");
        node.run(20s);
        CHECK(places(platform) == "n1=i:1");
        auto path = [&] {
          return std::string(kPods) + "/" + std::string(pods_of(platform, "app=agent")[0]["metadata"]["name"].as_string());
        };
        CHECK(platform.call("DELETE", path()).status == 200);
        node.run(20s);
        CHECK(places(platform) == "n1=i:2");
        const std::string failing = path();
        patch(platform, failing + "/status", R"({"status":{"phase":"Failed"}})");
        node.run(30s);
        CHECK(platform.call("GET", failing).status == 404);
        CHECK(status(platform, "numberReady") == 1);
        CHECK(events_of(platform, "agent", "FailedDaemonPod").size() == 1);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a daemon set comes through crashes with one pod on each node") {
  over_each_client(
      3,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        for (const char* name : {"n1", "n2", "n3"}) add_node(platform, node, name);
        created(platform, kSets, daemon_set());
        with_crashes(platform, 3, [&](Duration time) { node.run(time); });
        const auto answer =
            platform.call("PATCH", kAgent, R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}})",
                          "application/strategic-merge-patch+json");
        REQUIRE(answer.status == 200);
        with_crashes(platform, 3, [&](Duration time) { node.run(time); });
        node.run(60s);
        CHECK(places(platform) == "n1=i:2 n2=i:2 n3=i:2");
        CHECK(pods_of(platform, "app=agent").size() == 3);
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
