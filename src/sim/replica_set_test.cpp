// ReplicaSets: the same whatever client the controller has, and across crashes.
#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kSets = kApps + "replicasets";

std::string replica_set(const std::string& name, int replicas, const std::string& spec = "", const std::string& labels = "") {
  return R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":")" + name + R"("},"spec":{"replicas":)" +
         std::to_string(replicas) + spec + R"(,"selector":{"matchLabels":{"app":")" + name +
         R"("}},"template":{"metadata":{"labels":{"app":")" + name + "\"" + labels +
         R"(}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})";
}

std::string pod(const std::string& name, const std::string& app) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + R"(","labels":{"app":")" + app +
         R"("}},"spec":{"containers":[{"name":"c","image":"i"}]}})";
}

std::int64_t status(SimPlatform& platform, const std::string& name, const char* member) {
  return read(platform, kSets + "/" + name)["status"][member].as_int();
}

}  // namespace

TEST_CASE("a replica set has as many pods as it asks for") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, replica_set("a", 3));
        node.run(20s);
        CHECK(pods_of(platform, "app=a").size() == 3);
        CHECK(status(platform, "a", "readyReplicas") == 3);
        CHECK(status(platform, "a", "availableReplicas") == 3);
        CHECK(status(platform, "a", "fullyLabeledReplicas") == 3);
        CHECK(status(platform, "a", "observedGeneration") == 1);
        CHECK(events_of(platform, "a", "SuccessfulCreate").size() == 3);
        patch(platform, kSets + "/a", R"({"spec":{"replicas":1}})");
        node.run(20s);
        CHECK(pods_of(platform, "app=a").size() == 1);
        CHECK(status(platform, "a", "replicas") == 1);
        CHECK(status(platform, "a", "observedGeneration") == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a pod that is deleted, fails or loses its label is replaced") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, replica_set("a", 3));
        node.run(20s);
        const auto before = pods_of(platform, "app=a");
        REQUIRE(before.size() == 3);
        auto path = [&](int i) { return std::string(kPods) + "/" + std::string(before[i]["metadata"]["name"].as_string()); };
        CHECK(platform.call("DELETE", path(0)).status == 200);
        patch(platform, path(1) + "/status", R"({"status":{"phase":"Failed"}})");
        patch(platform, path(2), R"({"metadata":{"labels":{"app":"free"}}})");
        node.run(20s);
        CHECK(status(platform, "a", "readyReplicas") == 3);
        CHECK(platform.call("GET", path(0)).status == 404);
        const Document released = read(platform, path(2));
        CHECK(released["metadata"].find("ownerReferences") == nullptr);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("orphans are adopted, pods of others are not") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kPods, pod("orphan", "a"));
        node.run(5s);
        const Document set = created(platform, kSets, replica_set("a", 2));
        node.run(20s);
        CHECK(pods_of(platform, "app=a").size() == 2);
        const Document adopted = read(platform, std::string(kPods) + "/orphan");
        CHECK(adopted["metadata"]["ownerReferences"].items()[0]["uid"].as_string() == set["metadata"]["uid"].as_string());
        // What an owner left stays, and the next one takes it over.
        CHECK(
            platform.call("DELETE", kSets + "/a", R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan"})")
                .status == 200);
        node.run(20s);
        CHECK(pods_of(platform, "app=a").size() == 2);
        created(platform, kSets, replica_set("a", 2));
        node.run(20s);
        CHECK(status(platform, "a", "readyReplicas") == 2);
        CHECK(pods_of(platform, "app=a").size() == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("pods count as available after minReadySeconds") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, replica_set("a", 1, R"(,"minReadySeconds":60)"));
        node.run(30s);
        CHECK(status(platform, "a", "readyReplicas") == 1);
        CHECK(status(platform, "a", "availableReplicas") == 0);
        node.run(60s);
        CHECK(status(platform, "a", "availableReplicas") == 1);
      },
      with_workloads());
}

TEST_CASE("pods that cannot be made are told as a condition and one Event") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, "/api/v1/namespaces/default/resourcequotas",
                R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"pods":"1"}}})");
        node.run(5s);
        created(platform, kSets, replica_set("a", 2));
        node.run(60s);
        const Document set = read(platform, kSets + "/a");
        REQUIRE(set["status"]["conditions"].size() == 1);
        const Value condition = set["status"]["conditions"].items()[0];
        CHECK(condition["type"].as_string() == "ReplicaFailure");
        CHECK(condition["reason"].as_string() == "FailedCreate");
        CHECK(condition["message"].as_string().find("exceeded quota: q") != std::string_view::npos);
        CHECK(!events_of(platform, "a", "FailedCreate").empty());
        CHECK(platform.call("DELETE", "/api/v1/namespaces/default/resourcequotas/q").status == 200);
        node.run(300s, 1s);
        CHECK(status(platform, "a", "readyReplicas") == 2);
        CHECK(read(platform, kSets + "/a")["status"].find("conditions") == nullptr);
      },
      with_workloads());
}

TEST_CASE("a replica set comes to its number across crashes") {
  over_each_client(
      4,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, replica_set("a", 4));
        with_crashes(platform, 4, [&](Duration time) { node.run(time); });
        node.run(60s);
        CHECK(pods_of(platform, "app=a").size() == 4);
        CHECK(status(platform, "a", "readyReplicas") == 4);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("replication controllers work like replica sets") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        const std::string path = "/api/v1/namespaces/default/replicationcontrollers";
        created(
            platform, path,
            R"({"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"rc"},"spec":{"replicas":2,"template":{"metadata":{"labels":{"app":"rc"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
        node.run(20s);
        CHECK(pods_of(platform, "app=rc").size() == 2);
        CHECK(read(platform, path + "/rc")["status"]["readyReplicas"].as_int() == 2);
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
