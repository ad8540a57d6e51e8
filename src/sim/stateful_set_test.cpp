// StatefulSets: order, names, claims, revisions.
#include <algorithm>

#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kSets = kApps + "statefulsets";
const std::string kClaims = "/api/v1/namespaces/default/persistentvolumeclaims";

std::string stateful_set(int replicas, const std::string& spec = "", const std::string& labels = "") {
  return R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"serviceName":"db","replicas":)" +
         std::to_string(replicas) + spec +
         R"(,"selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db")" + labels +
         R"(}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}})";
}

const std::string kClaimTemplates =
    R"(,"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}])";
const std::string kDb = kSets + "/db";

// Volumes for claims: nothing provisions any here.
void add_volumes(SimPlatform& platform, int count) {
  for (int i = 0; i < count; ++i) {
    created(platform, "/api/v1/persistentvolumes",
            R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"v)" + std::to_string(i) +
                R"("},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/v"}}})");
  }
}

// Names of the pods, in order, those being deleted included.
std::vector<std::string> names(SimPlatform& platform) {
  std::vector<std::string> out;
  const Document list = read(platform, std::string(kPods) + "?labelSelector=app=db");
  for (const Value& pod : list["items"].items()) out.emplace_back(pod["metadata"]["name"].as_string());
  std::sort(out.begin(), out.end());
  return out;
}

// "db-0=i:1 db-1=i:2"
std::string images(SimPlatform& platform) {
  std::string out;
  const Document list = read(platform, std::string(kPods) + "?labelSelector=app=db");
  for (const Value& pod : list["items"].items()) {
    out += (out.empty() ? "" : " ") + std::string(pod["metadata"]["name"].as_string()) + "=" +
           std::string(pod["spec"]["containers"].items()[0]["image"].as_string());
  }
  return out;
}

void set_image(SimPlatform& platform, const std::string& image) {
  const auto answer =
      platform.call("PATCH", kDb, R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}}}})",
                    "application/strategic-merge-patch+json");
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

Value status(const Document& set, const char* member) { return set["status"][member]; }

}  // namespace

TEST_CASE("pods of a stateful set come and go one by one, in order") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, stateful_set(3));
        std::size_t most = 0;
        auto in_order = [&] {
          const auto now = names(platform);
          for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i] == "db-" + std::to_string(i));
          CHECK(now.size() <= most + 1);
          most = std::max(most, now.size());
        };
        node.run(30s, 200ms, in_order);
        CHECK(names(platform).size() == 3);
        const Document set = read(platform, kDb);
        CHECK(status(set, "readyReplicas").as_int() == 3);
        CHECK(status(set, "availableReplicas").as_int() == 3);
        CHECK(status(set, "currentReplicas").as_int() == 3);
        CHECK(status(set, "currentRevision").as_string() == status(set, "updateRevision").as_string());
        const Document pod = read(platform, std::string(kPods) + "/db-1");
        CHECK(pod["spec"]["hostname"].as_string() == "db-1");
        CHECK(pod["spec"]["subdomain"].as_string() == "db");
        CHECK(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"].as_string() == "db-1");
        CHECK(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"].as_string() == "1");
        CHECK(pod["metadata"]["labels"]["controller-revision-hash"].as_string() == status(set, "updateRevision").as_string());
        patch(platform, kDb, R"({"spec":{"replicas":1}})");
        node.run(30s, 200ms, in_order);
        CHECK(names(platform) == std::vector<std::string>{"db-0"});
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an ordered set waits for a pod that does not come up, a parallel one does not") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, stateful_set(3, "", R"(,"fate":"unready")"));
        node.run(20s);
        CHECK(names(platform).size() == 1);
        check_settled(platform);
        CHECK(platform.call("DELETE", kDb).status == 200);
        node.run(20s);
        created(platform, kSets, stateful_set(3, R"(,"podManagementPolicy":"Parallel")", R"(,"fate":"unready")"));
        node.run(20s);
        CHECK(names(platform).size() == 3);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an update goes from the highest to the partition, and back") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, stateful_set(3, R"(,"updateStrategy":{"rollingUpdate":{"partition":2}})"));
        node.run(30s);
        set_image(platform, "i:2");
        node.run(30s);
        CHECK(images(platform) == "db-0=i:1 db-1=i:1 db-2=i:2");
        CHECK(status(read(platform, kDb), "updatedReplicas").as_int() == 1);
        // A pod below the partition comes back as it was.
        CHECK(platform.call("DELETE", std::string(kPods) + "/db-0").status == 200);
        node.run(30s);
        CHECK(images(platform) == "db-0=i:1 db-1=i:1 db-2=i:2");
        patch(platform, kDb, R"({"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}})");
        node.run(60s);
        CHECK(images(platform) == "db-0=i:2 db-1=i:2 db-2=i:2");
        const Document set = read(platform, kDb);
        CHECK(status(set, "currentRevision").as_string() == status(set, "updateRevision").as_string());
        set_image(platform, "i:1");
        node.run(60s);
        CHECK(images(platform) == "db-0=i:1 db-1=i:1 db-2=i:1");
        const Document revisions = read(platform, kApps + "controllerrevisions");
        CHECK(revisions["items"].size() == 2);  // the first one serves again, with a new number
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("OnDelete replaces what somebody deletes") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kSets, stateful_set(2, R"(,"updateStrategy":{"type":"OnDelete"})"));
        node.run(30s);
        set_image(platform, "i:2");
        node.run(20s);
        CHECK(images(platform) == "db-0=i:1 db-1=i:1");
        CHECK(platform.call("DELETE", std::string(kPods) + "/db-0").status == 200);
        node.run(20s);
        CHECK(images(platform) == "db-0=i:2 db-1=i:1");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("claims outlive their pods, unless the policy says otherwise") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        add_volumes(platform, 4);
        created(platform, kSets, stateful_set(2, R"(,"ordinals":{"start":5})" + kClaimTemplates));
        node.run(30s);
        CHECK(names(platform) == std::vector<std::string>{"db-5", "db-6"});
        const Document pod = read(platform, std::string(kPods) + "/db-6");
        CHECK(pod["spec"]["volumes"].items()[0]["persistentVolumeClaim"]["claimName"].as_string() == "data-db-6");
        CHECK(read(platform, kClaims + "/data-db-6")["metadata"]["labels"]["app"].as_string() == "db");
        patch(platform, kDb, R"({"spec":{"replicas":1}})");
        node.run(30s);
        CHECK(read(platform, kClaims)["items"].size() == 2);
        // With the policy the one that is scaled away takes its claim along, and the set the others.
        patch(
            platform, kDb,
            R"({"spec":{"replicas":2,"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete","whenDeleted":"Delete"}}})");
        node.run(30s);
        CHECK(read(platform, kClaims + "/data-db-5")["metadata"]["ownerReferences"].items()[0]["kind"].as_string() ==
              "StatefulSet");
        patch(platform, kDb, R"({"spec":{"replicas":1}})");
        node.run(30s);
        CHECK(platform.call("GET", kClaims + "/data-db-6").status == 404);
        CHECK(platform.call("GET", kClaims + "/data-db-5").status == 200);
        check_settled(platform);
        CHECK(platform.call("DELETE", kDb).status == 200);
        node.run(30s);
        CHECK(read(platform, kClaims)["items"].size() == 0);
      },
      with_workloads());
}

TEST_CASE("a stateful set and its update come through crashes, never two pods at a time") {
  over_each_client(
      3,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        add_volumes(platform, 3);
        created(platform, kSets, stateful_set(3, kClaimTemplates));
        with_crashes(platform, 3, [&](Duration time) { node.run(time); });
        node.run(60s);
        CHECK(names(platform) == std::vector<std::string>{"db-0", "db-1", "db-2"});
        set_image(platform, "i:2");
        with_crashes(platform, 3, [&](Duration time) {
          node.run(time, 500ms, [&] {
            const auto answer = platform.call("GET", std::string(kPods) + "?labelSelector=app=db");
            if (answer.status != 200) return;
            int missing = 3;
            const Document list = parse_json(answer.body).value();
            for (const Value& pod : list["items"].items()) {
              bool ready = false;
              for (const Value& c : pod["status"]["conditions"].items())
                ready = ready || (c["type"].as_string() == "Ready" && c["status"].as_string() == "True");
              if (ready && pod["metadata"].find("deletionTimestamp") == nullptr) --missing;
            }
            CHECK(missing <= 1);
          });
        });
        node.run(60s);
        CHECK(images(platform) == "db-0=i:2 db-1=i:2 db-2=i:2");
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
