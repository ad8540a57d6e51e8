// ResourceQuotas over the whole control plane in simulation: never exceeded, never forgotten, never leaked.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

constexpr const char* kQuotas = "/api/v1/namespaces/default/resourcequotas";
constexpr const char* kPods = "/api/v1/namespaces/default/pods";
constexpr const char* kSecrets = "/api/v1/namespaces/default/secrets";

std::string quota(const std::string& hard, const std::string& more = "") {
  return R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{)" + hard + "}" + more + "}}";
}

std::string pod(const std::string& name, const std::string& cpu, const std::string& more = "") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + R"("},"spec":{)" + more +
         R"("containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":")" + cpu + "\"}}}]}}";
}

std::string secret(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":")" + name + "\"}}";
}

std::string member_of(SimPlatform& platform, const std::string& target, std::initializer_list<std::string_view> path) {
  const std::string body = platform.call("GET", target).body;
  const Document object = parse_json(body).value();
  const Value* found = object->find_path(path);
  return found != nullptr ? to_json(*found) : "";
}

std::string used(SimPlatform& platform) { return member_of(platform, std::string(kQuotas) + "/q", {"status", "used"}); }

std::int64_t counter(SimPlatform& platform, const std::string& resource) {
  const std::string uid = member_of(platform, std::string(kQuotas) + "/q", {"metadata", "uid"});
  return platform.snapshot()->counter("quota/" + uid.substr(1, uid.size() - 2), resource);
}

struct Use {
  std::int64_t pods = 0, milli_cpu = 0, secrets = 0;
};
Use stored_use(SimPlatform& platform) {
  Use use;
  const std::string list = platform.call("GET", kPods).body;
  const Document pods = parse_json(list).value();
  for (const Value& one : pods["items"].items()) {
    if (one["status"]["phase"].as_string() == "Succeeded") continue;
    ++use.pods;
    const std::string cpu(one["spec"]["containers"].items()[0]["resources"]["requests"]["cpu"].as_string());
    use.milli_cpu += std::stoll(cpu);
  }
  const std::string others = platform.call("GET", kSecrets).body;
  use.secrets = static_cast<std::int64_t>(parse_json(others).value()["items"].size());
  return use;
}

void check_use(SimPlatform& platform) {
  const Use use = stored_use(platform);
  CHECK(use.pods <= 6);
  CHECK(use.milli_cpu <= 1000);
  CHECK(use.secrets <= 4);
  CHECK(counter(platform, "pods") == use.pods);
  CHECK(counter(platform, "requests.cpu") == use.milli_cpu);
  CHECK(counter(platform, "secrets") == use.secrets);
}

}  // namespace

TEST_CASE("a quota is never exceeded, whatever is asked for at once and wherever it crashes") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(1));
    auto& random = platform.world().random();
    // Some are there before the quota, and some are made while it is.
    CHECK(platform.call("POST", kPods, pod("p0", "100m")).status == 201);
    platform.begin("POST", kPods, pod("p1", "100m"));
    platform.begin("POST", kQuotas, quota(R"("pods":"6","requests.cpu":"1","secrets":"4")"));
    platform.begin("POST", kPods, pod("p2", "100m"));
    platform.settle(std::chrono::seconds(2));
    check_use(platform);
    for (int life = 0; life < 3; ++life) {
      for (int round = 0; round < 4; ++round) {
        std::vector<SimPlatform::Answer> all;
        for (int i = 0; i < 8; ++i) {
          const std::string name = "p" + std::to_string(random.below(12));
          const std::string path = std::string(kPods) + "/" + name;
          switch (random.below(6)) {
            case 0:
              all.push_back(platform.begin("DELETE", path));
              break;
            case 1:
              all.push_back(platform.begin("PATCH", path + "/status", R"({"status":{"phase":"Succeeded"}})"));
              break;
            case 2:
              all.push_back(platform.begin("POST", kSecrets, secret(name)));
              break;
            case 3:
              all.push_back(platform.begin("DELETE", std::string(kSecrets) + "/" + name));
              break;
            default:
              all.push_back(platform.begin("POST", kPods, pod(name, std::to_string(50 * (1 + random.below(8))) + "m")));
          }
        }
        if (round == 3) {
          platform.world().run_for(std::chrono::microseconds(random.below(3000)));
          break;
        }
        platform.wait_for(all);
        for (const auto& answer : all) CHECK_MESSAGE((*answer)->status < 500, (*answer)->body);
        check_use(platform);
      }
      platform.crash();
      REQUIRE(platform.boot().ok());
      check_use(platform);
      platform.settle(std::chrono::seconds(2));
      check_use(platform);
      const Use use = stored_use(platform);
      const std::string said = used(platform);
      CHECK(said.find("\"pods\":\"" + std::to_string(use.pods) + "\"") != std::string::npos);
      CHECK(said.find("\"secrets\":\"" + std::to_string(use.secrets) + "\"") != std::string::npos);
    }
  }
}

TEST_CASE("refusals say which quota, how much was asked for, is used and is allowed") {
  SimPlatform platform(2);
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("POST", kQuotas, quota(R"("pods":"2","requests.cpu":"500m")")).status == 201);
  // At once: the new quota is waited for.
  CHECK(platform.call("POST", kPods, pod("a", "300m")).status == 201);
  auto refused = platform.call("POST", kPods, pod("b", "300m"));
  CHECK(refused.status == 403);
  CHECK(
      refused.body.find(
          R"(pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=300m, used: requests.cpu=300m, limited: requests.cpu=500m)") !=
      std::string::npos);
  refused = platform.call(
      "POST", kPods,
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[{"name":"x","image":"i"},{"name":"w","image":"i"}]}})");
  CHECK(refused.body.find(R"(failed quota: q: must specify requests.cpu for: w,x)") != std::string::npos);
  CHECK(platform.call("POST", std::string(kPods) + "?dryRun=All", pod("b", "100m")).status == 201);
  CHECK(platform.call("POST", kPods, pod("b", "200m")).status == 201);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"pods":"2","requests.cpu":"500m"})");
  refused = platform.call("POST", kPods, pod("c", "1m"));
  CHECK(refused.body.find("exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=500m, limited: "
                          "pods=2,requests.cpu=500m") != std::string::npos);
  CHECK(platform.call("POST", std::string(kPods) + "?dryRun=All", pod("c", "1m")).status == 403);
  // What has ended counts no more, and neither does what is gone.
  CHECK(platform.call("PATCH", std::string(kPods) + "/a/status", R"({"status":{"phase":"Succeeded"}})").status == 200);
  CHECK(platform.call("POST", kPods, pod("c", "1m")).status == 201);
  CHECK(platform.call("DELETE", std::string(kPods) + "/b").status == 200);
  CHECK(platform.call("POST", kPods, pod("d", "400m")).status == 201);
}

TEST_CASE("a quota that changes is measured anew; one that goes takes its counters along") {
  SimPlatform platform(4);
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  for (const char* name : {"a", "b", "c"}) CHECK(platform.call("POST", kSecrets, secret(name)).status == 201);
  CHECK(platform.call("POST", kQuotas, quota(R"("secrets":"2")")).status == 201);
  CHECK(platform.call("POST", kSecrets, secret("d")).status == 403);  // more than allowed were there before
  CHECK(platform.call("PATCH", std::string(kQuotas) + "/q", R"({"spec":{"hard":{"secrets":"4","count/configmaps":"3"}}})")
            .status == 200);
  CHECK(platform.call("POST", kSecrets, secret("d")).status == 201);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"count/configmaps":"1","secrets":"4"})");  // kube-root-ca.crt
  CHECK(counter(platform, "secrets") == 4);
  // A status that somebody else wrote is put right.
  CHECK(platform.call("PATCH", std::string(kQuotas) + "/q/status", R"({"status":{"used":{"secrets":"0"}}})").status == 200);
  CHECK(platform.call("POST", kSecrets, secret("e")).status == 403);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"count/configmaps":"1","secrets":"4"})");
  const std::string uid = member_of(platform, std::string(kQuotas) + "/q", {"metadata", "uid"});
  CHECK(platform.call("DELETE", std::string(kQuotas) + "/q").status == 200);
  CHECK(platform.call("POST", kSecrets, secret("e")).status == 201);
  CHECK(platform.snapshot()->counter("quota/" + uid.substr(1, uid.size() - 2), "secrets") == 0);
  CHECK(platform.snapshot()->counter("quota/" + uid.substr(1, uid.size() - 2), ":measured") == 0);
}

TEST_CASE("custom resources and pods whose time is over") {
  SimPlatform platform(8);
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  CHECK(
      platform
          .call(
              "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
              R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})")
          .status == 201);
  platform.settle(std::chrono::seconds(1));
  const std::string widgets = "/apis/example.com/v1/namespaces/default/widgets";
  const auto widget = [](const std::string& name) {
    return R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + name + "\"}}";
  };
  CHECK(platform.call("POST", widgets, widget("a")).status == 201);
  CHECK(platform.call("POST", kQuotas, quota(R"("count/widgets.example.com":"2","pods":"1")")).status == 201);
  CHECK(platform.call("POST", widgets, widget("b")).status == 201);
  CHECK(platform.call("POST", widgets, widget("c")).status == 403);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"count/widgets.example.com":"2","pods":"0"})");

  // A pod on a node that says nothing more: it counts until its time to end, and the same again, is over.
  CHECK(platform.call("POST", kPods, pod("a", "1", R"("nodeName":"gone","terminationGracePeriodSeconds":5,)")).status == 201);
  CHECK(platform.call("DELETE", std::string(kPods) + "/a").status == 200);
  CHECK(platform.call("POST", kPods, pod("b", "1")).status == 403);
  platform.settle(std::chrono::seconds(8));
  CHECK(platform.call("POST", kPods, pod("b", "1")).status == 403);
  platform.settle(std::chrono::seconds(5));
  CHECK(used(platform) == R"({"count/widgets.example.com":"2","pods":"0"})");
  CHECK(platform.call("POST", kPods, pod("b", "1")).status == 201);
  CHECK(platform.call("GET", std::string(kPods) + "/a").status == 200);
  CHECK(platform.call("DELETE", std::string(kPods) + "/a?gracePeriodSeconds=0").status == 200);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"count/widgets.example.com":"2","pods":"1"})");
  CHECK(counter(platform, "pods") == 1);
}

TEST_CASE("scopes, Services, claims and custom kinds count as upstream has it") {
  SimPlatform platform(6);
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("POST", kQuotas, quota(R"("pods":"1")", R"(,"scopes":["Terminating"])")).status == 201);
  CHECK(platform.call("POST", kPods, pod("a", "1")).status == 201);
  CHECK(platform.call("POST", kPods, pod("b", "1", R"("activeDeadlineSeconds":5,)")).status == 201);
  CHECK(platform.call("POST", kPods, pod("c", "1", R"("activeDeadlineSeconds":5,)")).status == 403);
  // A change that brings a pod into the scope is a use of it, too.
  CHECK(platform.call("PATCH", std::string(kPods) + "/a", R"({"spec":{"activeDeadlineSeconds":9}})").status == 403);
  CHECK(platform.call("DELETE", std::string(kPods) + "/b").status == 200);
  CHECK(platform.call("PATCH", std::string(kPods) + "/a", R"({"spec":{"activeDeadlineSeconds":9}})").status == 200);
  platform.settle(std::chrono::seconds(1));
  CHECK(used(platform) == R"({"pods":"1"})");
  CHECK(platform.call("DELETE", std::string(kQuotas) + "/q").status == 200);

  const std::string services = "/api/v1/namespaces/default/services";
  const auto service = [](const std::string& name, const std::string& type) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name + R"("},"spec":{"type":")" + type +
           R"(","ports":[{"name":"a","port":1},{"name":"b","port":2}]}})";
  };
  CHECK(
      platform
          .call(
              "POST", kQuotas,
              quota(
                  R"("services.nodeports":"2","services.loadbalancers":"0","requests.storage":"3Gi","gold.storageclass.storage.k8s.io/requests.storage":"1Gi")"))
          .status == 201);
  CHECK(platform.call("POST", services, service("s", "ClusterIP")).status == 201);
  CHECK(platform.call("POST", services, service("l", "LoadBalancer")).status == 403);
  CHECK(platform.call("POST", services, service("n", "NodePort")).status == 201);
  CHECK(platform.call("PATCH", services + "/s", R"({"spec":{"type":"NodePort"}})").status == 403);
  CHECK(platform.call("PATCH", services + "/n", R"({"spec":{"type":"ClusterIP"}})").status == 200);
  CHECK(platform.call("PATCH", services + "/s", R"({"spec":{"type":"NodePort"}})").status == 200);
  const std::string claims = "/api/v1/namespaces/default/persistentvolumeclaims";
  const auto claim = [](const std::string& name, const std::string& size) {
    return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":")" + name +
           R"("},"spec":{"storageClassName":"gold","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":")" +
           size + "\"}}}}";
  };
  CHECK(platform.call("POST", claims, claim("x", "512Mi")).status == 201);
  auto refused = platform.call("POST", claims, claim("y", "513Mi"));
  CHECK(refused.body.find("requested: gold.storageclass.storage.k8s.io/requests.storage=513Mi, used: "
                          "gold.storageclass.storage.k8s.io/requests.storage=512Mi, limited: "
                          "gold.storageclass.storage.k8s.io/requests.storage=1Gi") != std::string::npos);
  platform.settle(std::chrono::seconds(1));
  CHECK(
      used(platform) ==
      R"({"gold.storageclass.storage.k8s.io/requests.storage":"512Mi","requests.storage":"512Mi","services.loadbalancers":"0","services.nodeports":"2"})");
}

}  // namespace plinth::platform
