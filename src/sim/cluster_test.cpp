// What decides where pods run, how they are found, which volumes they get: over each client.
#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

const std::string kCore = "/api/v1/namespaces/default/";
const std::string kSlices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const std::string kClasses = "/apis/storage.k8s.io/v1/storageclasses";

std::string replica_set(const std::string& name, int replicas, const std::string& spec = "") {
  return R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":")" + name + R"("},"spec":{"replicas":)" +
         std::to_string(replicas) + R"(,"selector":{"matchLabels":{"app":")" + name +
         R"("}},"template":{"metadata":{"labels":{"app":")" + name +
         R"("}},"spec":{"containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":8080}]}])" + spec +
         "}}}}";
}

std::string service(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name + R"("},"spec":{"selector":{"app":")" + name +
         R"("},"ports":[{"port":80,"targetPort":"http"}]}})";
}

std::string claim(const std::string& name, const std::string& storage_class) {
  return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":")" + name +
         R"("},"spec":{"storageClassName":")" + storage_class +
         R"(","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})";
}

std::string volume(const std::string& name, const std::string& storage_class) {
  return R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":")" + name + R"("},"spec":{"storageClassName":")" +
         storage_class + R"(","accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"hostPath":{"path":"/v"}}})";
}

// Gives pods addresses, as the network would.
void address_pods(SimPlatform& platform) {
  int next = 1;
  const Document list1 = read(platform, kPods);
  for (const Value& pod : list1["items"].items()) {
    const int mine = next++;
    if (pod["status"]["phase"].as_string() != "Running" || pod["status"]["podIP"].is_string()) continue;
    const std::string ip = "10.1.0." + std::to_string(mine);
    patch(platform, kCore + "pods/" + std::string(pod["metadata"]["name"].as_string()) + "/status",
          R"({"status":{"podIP":")" + ip + R"(","podIPs":[{"ip":")" + ip + R"("}]}})");
  }
}

std::size_t ready_endpoints(SimPlatform& platform) {
  std::size_t out = 0;
  const Document list2 = read(platform, kSlices + "?labelSelector=kubernetes.io/service-name%3Dweb");
  for (const Value& slice : list2["items"].items()) {
    for (const Value& endpoint : slice["endpoints"].items()) out += endpoint["conditions"]["ready"].as_bool() ? 1 : 0;
  }
  return out;
}

}  // namespace

TEST_CASE("pods get their node from the scheduler, and a service finds them") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        node.run(std::chrono::seconds(2));
        created(platform, kApps + "replicasets", replica_set("web", 3));
        created(platform, kCore + "services", service("web"));
        node.run(std::chrono::seconds(10));
        for (const Document& pod : pods_of(platform, "app%3Dweb")) CHECK(pod["spec"]["nodeName"].as_string() == "n1");
        address_pods(platform);
        node.run(std::chrono::seconds(10));
        CHECK(ready_endpoints(platform) == 3);
        CHECK(read(platform, kCore + "endpoints/web")["subsets"].items()[0]["addresses"].size() == 3);
        patch(platform, kApps + "replicasets/web", R"({"spec":{"replicas":1}})");
        node.run(std::chrono::seconds(10));
        CHECK(ready_endpoints(platform) == 1);
        CHECK(platform.call("DELETE", kCore + "services/web").status == 200);
        node.run(std::chrono::seconds(10));
        CHECK(read(platform, kSlices + "?labelSelector=kubernetes.io/service-name%3Dweb")["items"].size() == 0);
        CHECK(platform.call("GET", kCore + "endpoints/web").status == 404);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("never more on a node than it has, however old the view") {
  over_each_client(
      4,
      [](SimPlatform& platform) {
        created(platform, "/api/v1/nodes", R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"small"}})");
        patch(
            platform, "/api/v1/nodes/small/status",
            R"({"status":{"allocatable":{"cpu":"2","memory":"8Gi","pods":"100"},"capacity":{"cpu":"2","memory":"8Gi","pods":"100"},)"
            R"("conditions":[{"type":"Ready","status":"True"}]}})");
        for (int i = 0; i < 6; ++i) {
          created(platform, kPods,
                  R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p)" + std::to_string(i) +
                      R"("},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"700m"}}}]}})");
        }
        platform.settle(std::chrono::seconds(20));
        int placed = 0;
        const Document list3 = read(platform, kPods);
        for (const Value& pod : list3["items"].items()) placed += pod["spec"]["nodeName"].is_string() ? 1 : 0;
        CHECK(placed == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("claims and volumes find each other, through crashes too") {
  over_each_client(
      3,
      [](SimPlatform& platform) {
        created(
            platform, kClasses,
            R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"late"},"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"WaitForFirstConsumer"})");
        for (const char* name : {"a", "b", "c"}) created(platform, kCore + "persistentvolumeclaims", claim(name, "now"));
        created(platform, kCore + "persistentvolumeclaims", claim("d", "late"));
        for (const char* name : {"v1", "v2"}) created(platform, "/api/v1/persistentvolumes", volume(name, "now"));
        created(platform, "/api/v1/persistentvolumes", volume("v3", "late"));
        created(platform, kApps + "replicasets",
                replica_set("web", 1, R"(,"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"d"}}])"));
        FakeNode node(platform);
        with_crashes(platform, 3, [&](Duration time) { node.run(time); });
        node.run(std::chrono::minutes(2));
        std::map<std::string, std::string> owners;
        int bound = 0;
        const Document list4 = read(platform, kCore + "persistentvolumeclaims");
        for (const Value& object : list4["items"].items()) {
          if (object["status"]["phase"].as_string() != "Bound") continue;
          ++bound;
          const std::string name(object["spec"]["volumeName"].as_string());
          CHECK(owners.emplace(name, object["metadata"]["uid"].as_string()).second);
          CHECK(read(platform, "/api/v1/persistentvolumes/" + name)["spec"]["claimRef"]["uid"].as_string() ==
                object["metadata"]["uid"].as_string());
        }
        CHECK(bound == 3);
        CHECK(owners.count("v3") == 1);
        CHECK(platform.call("DELETE", kApps + "replicasets/web").status == 200);
        CHECK(platform.call("DELETE", kCore + "persistentvolumeclaims/d").status == 200);
        node.run(std::chrono::seconds(30));
        CHECK(read(platform, "/api/v1/persistentvolumes/v3")["status"]["phase"].as_string() == "Released");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a node that falls silent is said to be, and its budget counts") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kApps + "replicasets", replica_set("web", 2));
        created(
            platform, "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"b"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"web"}}}})");
        node.run(std::chrono::seconds(15));
        const std::string budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/b";
        CHECK(read(platform, budget)["status"]["disruptionsAllowed"].as_int() == 1);
        CHECK(read(platform, budget)["status"]["expectedPods"].as_int() == 2);
        platform.settle(std::chrono::seconds(90));
        const Document list5 = read(platform, "/api/v1/nodes/n1");
        for (const Value& condition : list5["status"]["conditions"].items())
          CHECK(condition["status"].as_string() == "Unknown");
        CHECK(read(platform, budget)["status"]["currentHealthy"].as_int() == 0);
        CHECK(read(platform, budget)["status"]["disruptionsAllowed"].as_int() == 0);
        // Alone it is not evicted from.
        CHECK(pods_of(platform, "app%3Dweb").size() == 2);
        check_settled(platform);
        CHECK(platform.call("DELETE", "/api/v1/nodes/n1").status == 200);
        platform.settle(std::chrono::seconds(10));
        for (const Document& pod : pods_of(platform, "app%3Dweb")) CHECK(pod["spec"]["nodeName"].is_null());
      },
      with_workloads());
}

}  // namespace plinth::sim
