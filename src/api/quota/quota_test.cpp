#include "api/quota/quota.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "base/text.h"

namespace plinth::api {
namespace {

constexpr CountedKind kPods{"", "pods"}, kServices{"", "services"}, kClaims{"", "persistentvolumeclaims"};
constexpr std::int64_t kNow = 1'700'000'000;  // 2023-11-14T22:13:20Z

std::string used(const CountedKind& kind, const std::string& object) {
  auto usage = usage_of(kind, parse_json(object).value().root(), kNow);
  REQUIRE(usage.ok());
  std::string out;
  for (const auto& [name, amount] : *usage) out += (out.empty() ? "" : " ") + name + "=" + amount.text();
  return out;
}

bool in_scope(const CountedKind& kind, const std::string& spec, const std::string& object) {
  return is_in_scope(parse_json(spec).value().root(), kind, parse_json(object).value().root());
}

}  // namespace

TEST_CASE("what objects use") {
  struct Case {
    CountedKind kind;
    const char *object, *want;
  };
  for (
      const Case& c : {
          Case{{"", "configmaps"}, "{}", "configmaps=1 count/configmaps=1"},
          Case{{"", "resourcequotas"}, "{}", "count/resourcequotas=1 resourcequotas=1"},
          Case{{"", "serviceaccounts"}, "{}", "count/serviceaccounts=1"},
          Case{{"apps", "deployments"}, "{}", "count/deployments.apps=1"},
          Case{kPods, R"({"spec":{"containers":[{}]}})", "count/pods=1 pods=1"},
          Case{
              kPods,
              R"({"spec":{"overhead":{"cpu":"10m"},"containers":[{"resources":{"requests":{"cpu":"100m","memory":"1Gi","nvidia.com/gpu":"1","hugepages-2Mi":"4Mi"},"limits":{"cpu":"1","ephemeral-storage":"2Gi","nvidia.com/gpu":"1"}}},{"resources":{"requests":{"cpu":"200m"}}}],"initContainers":[{"resources":{"requests":{"memory":"3Gi"}}}]}})",
              "count/pods=1 cpu=310m hugepages-2Mi=4Mi limits.cpu=1010m limits.ephemeral-storage=2Gi memory=3Gi pods=1 "
              "requests.cpu=310m "
              "requests.hugepages-2Mi=4Mi requests.memory=3Gi requests.nvidia.com/gpu=1"},
          // Sidecars run beside; the pod's own words win.
          Case{
              kPods,
              R"({"spec":{"resources":{"requests":{"memory":"9Gi"}},"containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}],"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},{"resources":{"requests":{"cpu":"1500m"}}}]}})",
              "count/pods=1 cpu=2500m memory=9Gi pods=1 requests.cpu=2500m requests.memory=9Gi"},
          // A resize that the node has not made yet: the larger of both.
          Case{
              kPods,
              R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}]},"status":{"containerStatuses":[{"name":"a","allocatedResources":{"cpu":"2"},"resources":{"requests":{"cpu":"3"}}}]}})",
              "count/pods=1 cpu=3 pods=1 requests.cpu=3"},
          Case{
              kPods,
              R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"9"}}}]},"status":{"conditions":[{"type":"PodResizePending","reason":"Infeasible"}],"containerStatuses":[{"name":"a","allocatedResources":{"cpu":"2"}}]}})",
              "count/pods=1 cpu=2 pods=1 requests.cpu=2"},
          Case{kPods, R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":{"phase":"Succeeded"}})",
               "count/pods=1"},
          Case{
              kPods,
              R"({"metadata":{"deletionTimestamp":"2023-11-14T22:13:10Z","deletionGracePeriodSeconds":9},"spec":{"containers":[{}]}})",
              "count/pods=1"},
          Case{
              kPods,
              R"({"metadata":{"deletionTimestamp":"2023-11-14T22:13:10Z","deletionGracePeriodSeconds":10},"spec":{"containers":[{}]}})",
              "count/pods=1 pods=1"},
          Case{kServices, R"({"spec":{"type":"ClusterIP","ports":[{}]}})",
               "count/services=1 services=1 services.loadbalancers=0 services.nodeports=0"},
          Case{kServices, R"({"spec":{"type":"NodePort","ports":[{},{}]}})",
               "count/services=1 services=1 services.loadbalancers=0 services.nodeports=2"},
          Case{kServices,
               R"({"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{},{"nodePort":30000}]}})",
               "count/services=1 services=1 services.loadbalancers=1 services.nodeports=1"},
          Case{kClaims, R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"1500m"}}}})",
               "count/persistentvolumeclaims=1 gold.storageclass.storage.k8s.io/persistentvolumeclaims=1 "
               "gold.storageclass.storage.k8s.io/requests.storage=2 persistentvolumeclaims=1 requests.storage=2"},
          Case{kClaims,
               R"({"spec":{"resources":{"requests":{"storage":"1Gi"}}},"status":{"allocatedResources":{"storage":"2Gi"}}})",
               "count/persistentvolumeclaims=1 persistentvolumeclaims=1 requests.storage=2Gi"},
      }) {
    CAPTURE(c.object);
    CHECK(used(c.kind, c.object) == c.want);
  }
}

TEST_CASE("which resources of a quota a kind uses") {
  const Document hard =
      parse_json(
          R"({"pods":"1","requests.cpu":"1","requests.nvidia.com/gpu":"1","requests.kubernetes.io/x":"1","requests.hugepages-2Mi":"1","count/pods":"1","count/deployments.apps":"1","secrets":"1","services.nodeports":"1","requests.storage":"1","gold.storageclass.storage.k8s.io/requests.storage":"1","gold.storageclass.storage.k8s.io/other":"1"})")
          .value();
  const auto names = [&](const CountedKind& kind) { return join(resources_for(kind, hard.root()), " "); };
  CHECK(names(kPods) == "count/pods pods requests.cpu requests.hugepages-2Mi requests.nvidia.com/gpu");
  CHECK(names({"apps", "deployments"}) == "count/deployments.apps");
  CHECK(names({"", "secrets"}) == "secrets");
  CHECK(names({"example.com", "secrets"}) == "");
  CHECK(names(kServices) == "services.nodeports");
  CHECK(names(kClaims) == "gold.storageclass.storage.k8s.io/requests.storage requests.storage");
  CHECK(!is_counted({"", "events"}));
  CHECK(!is_counted({"events.k8s.io", "events"}));
}

TEST_CASE("scopes") {
  struct Case {
    const char *spec, *object;
    bool want;
  };
  const char* burst = R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}],"priorityClassName":"high"}})";
  const char* plain = R"({"spec":{"containers":[{}]}})";
  for (
      const Case& c : {
          Case{R"({})", plain, true},
          Case{R"({"scopes":["BestEffort"]})", plain, true},
          Case{R"({"scopes":["BestEffort"]})", burst, false},
          Case{R"({"scopes":["NotBestEffort","NotTerminating"]})", burst, true},
          Case{R"({"scopes":["Terminating"]})", R"({"spec":{"activeDeadlineSeconds":0}})", true},
          Case{R"({"scopes":["NotTerminating"]})", R"({"spec":{"activeDeadlineSeconds":1}})", false},
          Case{R"({"scopes":["PriorityClass"]})", plain, false},
          Case{R"({"scopes":["PriorityClass"]})", burst, true},
          Case{
              R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["high","x"]}]}})",
              burst, true},
          Case{R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["high"]}]}})",
               plain, false},
          Case{R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"NotIn","values":["high"]}]}})",
               plain, true},
          Case{R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"NotIn","values":["high"]}]}})",
               burst, false},
          Case{R"({"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"DoesNotExist"}]}})", plain,
               true},
          Case{
              R"({"scopes":["CrossNamespacePodAffinity"]})",
              R"({"spec":{"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"podAffinityTerm":{"namespaceSelector":{}}}]}}}})",
              true},
          Case{
              R"({"scopes":["CrossNamespacePodAffinity"]})",
              R"({"spec":{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"a"}]}}}})",
              false},
          Case{R"({"scopes":["VolumeAttributesClass"]})", plain, false},
      }) {
    CAPTURE(c.spec);
    CHECK(in_scope(kPods, c.spec, c.object) == c.want);
  }
  const char* silver =
      R"({"spec":{"volumeAttributesClassName":"silver"},"status":{"currentVolumeAttributesClassName":"gold"}})";
  CHECK(in_scope(kClaims, R"({"scopes":["VolumeAttributesClass"]})", silver));
  CHECK(in_scope(
      kClaims,
      R"({"scopeSelector":{"matchExpressions":[{"scopeName":"VolumeAttributesClass","operator":"In","values":["gold"]}]}})",
      silver));
  CHECK(!in_scope(kClaims,
                  R"({"scopeSelector":{"matchExpressions":[{"scopeName":"VolumeAttributesClass","operator":"DoesNotExist"}]}})",
                  silver));
  CHECK(!in_scope(kServices, R"({"scopes":["BestEffort"]})", "{}"));
  CHECK(in_scope(kServices, R"({})", "{}"));
}

TEST_CASE("what a pod must say under a quota of cpu or memory") {
  const auto ask = [](const char* object, std::vector<std::string_view> resources) {
    return unspecified(kPods, resources, parse_json(object).value().root());
  };
  const char* pod =
      R"({"spec":{"containers":[{"name":"b","resources":{"requests":{"cpu":"1"}}},{"name":"a"}],"initContainers":[{"name":"i","resources":{"limits":{"memory":"1"}}}]}})";
  CHECK(ask(pod, {"pods", "requests.storage", "requests.ephemeral-storage"}) == "");
  CHECK(ask(pod, {"limits.memory", "requests.cpu"}) == "must specify limits.memory for: a,b; requests.cpu for: a,i");
  CHECK(ask(pod, {"cpu"}) == "must specify cpu for: a,i");
  CHECK(ask(R"({"spec":{"resources":{"limits":{"cpu":"1"}},"containers":[{"name":"a"}]}})", {"cpu"}) == "");
  CHECK(unspecified(kServices, {"cpu"}, Value()) == "");
}

TEST_CASE("which writes are refused when there is no room") {
  const auto limited = [](const CountedKind& kind, const char* subresource, const char* old, const char* object) {
    const Document before = *old != 0 ? parse_json(old).value() : Document();
    return is_limited(kind, subresource, before.root(), parse_json(object).value().root());
  };
  CHECK(limited(kPods, "", "", "{}"));
  CHECK(!limited(kPods, "binding", "", "{}"));
  CHECK(!limited(kPods, "", "{}", "{}"));
  CHECK(limited(kPods, "", R"({"spec":{}})", R"({"spec":{"activeDeadlineSeconds":1}})"));
  CHECK(limited(kPods, "resize", "{}", "{}"));
  CHECK(!limited(kPods, "status", "{}", "{}"));
  CHECK(limited(kServices, "", "{}", "{}"));
  CHECK(limited(kClaims, "", "{}", "{}"));
  CHECK(!limited(kClaims, "status", "{}", "{}"));
  CHECK(limited(kClaims, "status", "{}", R"({"status":{"allocatedResources":{"storage":"1"}}})"));
  CHECK(!limited({"", "secrets"}, "", "{}", "{}"));
}

TEST_CASE("ledgers keep whole numbers") {
  CHECK(ledger_units("requests.cpu", Quantity::parse("1500u").value()) == 2);
  CHECK(ledger_units("limits.cpu", Quantity::parse("2").value()) == 2000);
  CHECK(ledger_units("memory", Quantity::parse("1Gi").value()) == 1 << 30);
  CHECK(from_ledger_units("cpu", 1500, Quantity::Format::kDecimalSi).text() == "1500m");
  CHECK(from_ledger_units("memory", 3 << 20, Quantity::Format::kBinarySi).text() == "3Mi");
}

}  // namespace plinth::api
