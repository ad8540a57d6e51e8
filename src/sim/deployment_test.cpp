// Deployments, together with the ReplicaSets that they make.
#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kDeployments = kApps + "deployments";
const std::string kSets = kApps + "replicasets";

std::string deployment(int replicas, const std::string& spec = "", const std::string& image = "i:1") {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":)" +
         std::to_string(replicas) + spec +
         R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":")" +
         image + R"("}]}}}})";
}

const std::string kWeb = kDeployments + "/web";

void set_image(SimPlatform& platform, const std::string& image) {
  const auto answer =
      platform.call("PATCH", kWeb, R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}}}})",
                    "application/strategic-merge-patch+json");
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

void set_fate(SimPlatform& platform, const std::string& fate) {
  patch(platform, kWeb, R"({"spec":{"template":{"metadata":{"labels":{"fate":")" + fate + R"("}}}}})");
}

std::int64_t status(SimPlatform& platform, const char* member) { return read(platform, kWeb)["status"][member].as_int(); }

// "True NewReplicaSetAvailable"
std::string condition(SimPlatform& platform, const std::string& type) {
  const Document web = read(platform, kWeb);
  for (const Value& c : web["status"]["conditions"].items()) {
    if (c["type"].as_string() == type) return std::string(c["status"].as_string()) + " " + std::string(c["reason"].as_string());
  }
  return "";
}

// Sizes of the ReplicaSets by revision: "1:0 2:3".
std::string sizes(SimPlatform& platform) {
  const Document list = read(platform, kSets);
  std::map<std::int64_t, std::int64_t> by_revision;
  for (const Value& set : list["items"].items()) {
    const std::string revision(set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_string());
    by_revision[std::stoi(revision)] = set["spec"]["replicas"].as_int();
  }
  std::string out;
  for (const auto& [revision, size] : by_revision)
    out += (out.empty() ? "" : " ") + std::to_string(revision) + ":" + std::to_string(size);
  return out;
}

}  // namespace

TEST_CASE("a deployment rolls from one template to the next, within its limits") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(4, R"(,"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}})"));
        node.run(20s);
        CHECK(status(platform, "availableReplicas") == 4);
        CHECK(condition(platform, "Progressing") == "True NewReplicaSetAvailable");
        CHECK(condition(platform, "Available") == "True MinimumReplicasAvailable");
        CHECK(status(platform, "observedGeneration") == 1);
        set_image(platform, "i:2");
        node.run(60s, 500ms, [&] {
          std::size_t ready = 0;
          const auto pods = pods_of(platform, "app=web");
          for (const Document& pod : pods) {
            for (const Value& c : pod["status"]["conditions"].items())
              if (c["type"].as_string() == "Ready" && c["status"].as_string() == "True") ++ready;
          }
          CHECK(ready >= 3);
          CHECK(pods.size() <= 5);
        });
        CHECK(sizes(platform) == "1:0 2:4");
        CHECK(status(platform, "updatedReplicas") == 4);
        CHECK(status(platform, "availableReplicas") == 4);
        CHECK(read(platform, kWeb)["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_string() == "2");
        // Back: the old ReplicaSet serves again under a new number.
        set_image(platform, "i:1");
        node.run(60s);
        CHECK(sizes(platform) == "2:0 3:4");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("what a deployment does is told as Events") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        const Document web = created(platform, kDeployments, deployment(2));
        node.run(20s);
        const auto events = events_of(platform, "web", "ScalingReplicaSet");
        REQUIRE(events.size() == 1);
        CHECK(events[0].find("Scaled up replica set web-") == 0);
        CHECK(events[0].find(" from 0 to 2 x1") != std::string::npos);
      },
      with_workloads());
}

TEST_CASE("an update that does not come up stops, is told, and can be taken back") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(3, R"(,"progressDeadlineSeconds":60)"));
        node.run(20s);
        set_fate(platform, "unready");
        node.run(40s);
        CHECK(status(platform, "availableReplicas") == 3);
        CHECK(status(platform, "updatedReplicas") == 1);
        CHECK(condition(platform, "Progressing").find("True") == 0);
        node.run(60s, 1s);
        CHECK(condition(platform, "Progressing") == "False ProgressDeadlineExceeded");
        check_settled(platform);
        patch(platform, kWeb, R"({"spec":{"template":{"metadata":{"labels":{"fate":null}}}}})");
        node.run(30s);
        CHECK(sizes(platform) == "2:0 3:3");
        CHECK(condition(platform, "Progressing") == "True NewReplicaSetAvailable");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("Recreate waits for the last old pod") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(3, R"(,"strategy":{"type":"Recreate"})"));
        node.run(20s);
        set_image(platform, "i:2");
        node.run(60s, 200ms, [&] {
          std::set<std::string> images;
          const Document list = read(platform, std::string(kPods) + "?labelSelector=app=web");
          for (const Value& pod : list["items"].items())
            images.emplace(pod["spec"]["containers"].items()[0]["image"].as_string());
          CHECK(images.size() <= 1);
        });
        CHECK(sizes(platform) == "1:0 2:3");
        CHECK(status(platform, "availableReplicas") == 3);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a paused deployment scales and does not roll") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(2));
        node.run(20s);
        patch(platform, kWeb, R"({"spec":{"paused":true,"replicas":4}})");
        set_image(platform, "i:2");
        node.run(20s);
        CHECK(sizes(platform) == "1:4");
        CHECK(condition(platform, "Progressing") == "Unknown DeploymentPaused");
        patch(platform, kWeb, R"({"spec":{"paused":false}})");
        node.run(60s);
        CHECK(sizes(platform) == "1:0 2:4");
        CHECK(condition(platform, "Progressing") == "True NewReplicaSetAvailable");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a rollout that is scaled keeps its proportions") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(10, R"(,"strategy":{"rollingUpdate":{"maxSurge":3,"maxUnavailable":2}})"));
        node.run(30s);
        set_fate(platform, "unready");
        node.run(30s);
        CHECK(sizes(platform) == "1:8 2:5");
        patch(platform, kWeb, R"({"spec":{"replicas":15}})");
        node.run(30s);
        CHECK(sizes(platform) == "1:11 2:7");  // the example of upstream's documentation
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("old revisions go, those of the limit stay") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(1, R"(,"revisionHistoryLimit":2)"));
        for (int i = 2; i <= 5; ++i) {
          node.run(20s);
          set_image(platform, "i:" + std::to_string(i));
        }
        node.run(30s);
        CHECK(sizes(platform) == "3:0 4:0 5:1");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a name that is taken is a collision") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        const Document web = created(platform, kDeployments, deployment(1));
        node.run(20s);
        const Document list = read(platform, kSets);
        const std::string name(list["items"].items()[0]["metadata"]["name"].as_string());
        CHECK(platform.call("DELETE", kWeb).status == 200);
        node.run(20s);
        created(
            platform, kSets,
            R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":")" + name +
                R"("},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
        created(platform, kDeployments, deployment(1));
        node.run(30s);
        CHECK(status(platform, "collisionCount") == 1);
        CHECK(status(platform, "availableReplicas") == 1);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a rollout ends where it should across crashes") {
  over_each_client(
      4,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kDeployments, deployment(3));
        node.run(20s);
        set_image(platform, "i:2");
        with_crashes(platform, 4, [&](Duration time) { node.run(time); });
        node.run(60s);
        CHECK(sizes(platform) == "1:0 2:3");
        CHECK(status(platform, "availableReplicas") == 3);
        CHECK(pods_of(platform, "app=web").size() == 3);
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
