// What the control plane's own controllers promise, whatever client they see the cluster through.
#include "base/json.h"
#include "sim/client_kinds.h"

namespace plinth::sim {
namespace {

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kNamespaces = "/api/v1/namespaces";

std::string config_map(const std::string& name, const std::string& metadata = "") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"" + metadata + R"(},"data":{"v":"1"}})";
}

std::string name_space(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + "\"}}";
}

Document created(SimPlatform& platform, const std::string& collection, const std::string& body) {
  const auto answer = platform.call("POST", collection, body);
  REQUIRE_MESSAGE(answer.status == 201, answer.body);
  return parse_json(answer.body).value();
}

std::string owned_by(const Document& owner, bool blocking = false) {
  return R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":")" +
         std::string(owner["metadata"]["name"].as_string()) + R"(","uid":")" +
         std::string(owner["metadata"]["uid"].as_string()) + "\"" + (blocking ? R"(,"blockOwnerDeletion":true)" : "") + "}]";
}

int status_of(SimPlatform& platform, const std::string& path) { return platform.call("GET", path).status; }

std::string remove(SimPlatform& platform, const std::string& path, const std::string& propagation) {
  const auto answer =
      platform.call("DELETE", path, R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":")" + propagation + "\"}");
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  return answer.body;
}

// Nothing is left to do, whatever is looked at.
void check_settled(SimPlatform& platform) {
  std::string what;
  CHECK_MESSAGE(platform.control().controllers().planned_requests(what) == 0, what);
}

constexpr const char* kDefinition =
    R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},
"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})";

constexpr const char* kWidgets = "/apis/example.com/v1/namespaces/default/widgets";

std::string widget(const std::string& name, const std::string& metadata = "") {
  return R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + name + "\"" + metadata + "}}";
}

}  // namespace

TEST_CASE("dependents follow their owner in the background, over any depth") {
  over_each_client(3, [](SimPlatform& platform) {
    const Document owner = created(platform, kConfigMaps, config_map("owner"));
    const Document child = created(platform, kConfigMaps, config_map("child", owned_by(owner)));
    created(platform, kConfigMaps, config_map("grandchild", owned_by(child)));
    created(platform, kConfigMaps, config_map("stranger"));
    remove(platform, std::string(kConfigMaps) + "/owner", "Background");
    CHECK(status_of(platform, std::string(kConfigMaps) + "/owner") == 404);
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/child") == 404);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/grandchild") == 404);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/stranger") == 200);
    check_settled(platform);
  });
}

TEST_CASE("an owner deleted in the foreground waits for what blocks it") {
  over_each_client(3, [](SimPlatform& platform) {
    const Document owner = created(platform, kConfigMaps, config_map("owner"));
    created(platform, kConfigMaps, config_map("child", owned_by(owner, true) + R"(,"finalizers":["example.com/hold"])"));
    remove(platform, std::string(kConfigMaps) + "/owner", "Foreground");
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/owner") == 200);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/child") == 200);
    CHECK(platform.call("PATCH", std::string(kConfigMaps) + "/child", R"({"metadata":{"finalizers":null}})").status == 200);
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/child") == 404);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/owner") == 404);
    check_settled(platform);
  });
}

TEST_CASE("what somebody else owns too stays when an owner is deleted in the foreground") {
  over_each_client(3, [](SimPlatform& platform) {
    const Document first = created(platform, kConfigMaps, config_map("first")),
                   second = created(platform, kConfigMaps, config_map("second"));
    const std::string both = owned_by(first, true);
    const std::string other = owned_by(second);
    created(platform, kConfigMaps,
            config_map("shared", both.substr(0, both.size() - 1) + "," + other.substr(other.find('[') + 1)));
    created(platform, kConfigMaps, config_map("mine", owned_by(first, true)));
    platform.settle();
    remove(platform, std::string(kConfigMaps) + "/first", "Foreground");
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/first") == 404);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/mine") == 404);
    const Document shared = parse_json(platform.call("GET", std::string(kConfigMaps) + "/shared").body).value();
    CHECK(shared["metadata"]["ownerReferences"].size() == 1);
    CHECK(shared["metadata"]["deletionTimestamp"].is_null());
    check_settled(platform);
  });
}

TEST_CASE("objects that own each other go in the foreground too") {
  over_each_client(2, [](SimPlatform& platform) {
    const Document a = created(platform, kConfigMaps, config_map("a"));
    const Document b = created(platform, kConfigMaps, config_map("b", owned_by(a, true)));
    CHECK(platform.call("PATCH", std::string(kConfigMaps) + "/a", "{\"metadata\":{" + owned_by(b, true).substr(1) + "}}")
              .status == 200);
    const Document self = created(platform, kConfigMaps, config_map("self"));
    CHECK(platform.call("PATCH", std::string(kConfigMaps) + "/self", "{\"metadata\":{" + owned_by(self, true).substr(1) + "}}")
              .status == 200);
    platform.settle();
    remove(platform, std::string(kConfigMaps) + "/a", "Foreground");
    remove(platform, std::string(kConfigMaps) + "/self", "Foreground");
    platform.settle();
    for (const char* name : {"/a", "/b", "/self"}) CHECK(status_of(platform, std::string(kConfigMaps) + name) == 404);
  });
}

TEST_CASE("orphans stay and lose their reference") {
  over_each_client(3, [](SimPlatform& platform) {
    const Document owner = created(platform, kConfigMaps, config_map("owner"));
    created(platform, kConfigMaps, config_map("child", owned_by(owner)));
    remove(platform, std::string(kConfigMaps) + "/owner", "Orphan");
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/owner") == 404);
    const auto child = platform.call("GET", std::string(kConfigMaps) + "/child");
    CHECK(child.status == 200);
    CHECK(child.body.find("ownerReferences") == std::string::npos);
    check_settled(platform);
  });
}

TEST_CASE("a dependent of an owner that never was is collected, one of an owner that is there stays") {
  over_each_client(3, [](SimPlatform& platform) {
    const Document owner = created(platform, kConfigMaps, config_map("owner"));
    created(platform, kConfigMaps, config_map("kept", owned_by(owner)));
    created(
        platform, kConfigMaps,
        config_map("lost", R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"another"}])"));
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/kept") == 200);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/lost") == 404);
    check_settled(platform);
  });
}

TEST_CASE("a namespace gets its content, and ends with everything in it") {
  over_each_client(3, [](SimPlatform& platform) {
    created(platform, kNamespaces, name_space("team"));
    platform.settle();
    CHECK(status_of(platform, "/api/v1/namespaces/team/serviceaccounts/default") == 200);
    CHECK(status_of(platform, "/api/v1/namespaces/team/configmaps/kube-root-ca.crt") == 200);
    created(platform, "/api/v1/namespaces/team/configmaps", config_map("a"));
    created(platform, "/api/v1/namespaces/team/configmaps", config_map("held", R"(,"finalizers":["example.com/hold"])"));
    CHECK(platform.call("DELETE", "/api/v1/namespaces/team").status == 200);
    platform.settle();
    const auto waiting = platform.call("GET", "/api/v1/namespaces/team");
    CHECK(waiting.status == 200);
    CHECK(waiting.body.find("example.com/hold in 1 resource instances") != std::string::npos);
    check_settled(platform);
    CHECK(platform.call("PATCH", "/api/v1/namespaces/team/configmaps/held", R"({"metadata":{"finalizers":null}})").status ==
          200);
    platform.settle();
    CHECK(status_of(platform, "/api/v1/namespaces/team") == 404);
    CHECK(platform.call("GET", "/api/v1/configmaps").body.find("\"team\"") == std::string::npos);
    check_settled(platform);
  });
}

TEST_CASE("what a namespace must have comes back when it is removed") {
  over_each_client(3, [](SimPlatform& platform) {
    platform.settle();
    CHECK(platform.call("DELETE", "/api/v1/namespaces/default/serviceaccounts/default").status == 200);
    CHECK(platform.call("DELETE", std::string(kConfigMaps) + "/kube-root-ca.crt").status == 200);
    platform.settle();
    CHECK(status_of(platform, "/api/v1/namespaces/default/serviceaccounts/default") == 200);
    CHECK(status_of(platform, std::string(kConfigMaps) + "/kube-root-ca.crt") == 200);
    check_settled(platform);
  });
}

TEST_CASE("a definition goes when its instances are gone") {
  over_each_client(3, [](SimPlatform& platform) {
    const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    created(platform, definitions, kDefinition);
    platform.settle(std::chrono::seconds(2));
    created(platform, kWidgets, widget("a"));
    created(platform, kWidgets, widget("held", R"(,"finalizers":["example.com/hold"])"));
    CHECK(platform.call("DELETE", definitions + "/widgets.example.com").status == 200);
    platform.settle();
    CHECK(status_of(platform, std::string(kWidgets) + "/a") == 404);
    CHECK(platform.call("GET", definitions + "/widgets.example.com").body.find("InstanceDeletionInProgress") !=
          std::string::npos);
    CHECK(platform.call("PATCH", std::string(kWidgets) + "/held", R"({"metadata":{"finalizers":null}})").status == 200);
    platform.settle();
    CHECK(status_of(platform, definitions + "/widgets.example.com") == 404);
    check_settled(platform);
  });
}

TEST_CASE("custom resources are owners and dependents like others") {
  over_each_client(2, [](SimPlatform& platform) {
    created(platform, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kDefinition);
    platform.settle(std::chrono::seconds(2));
    const Document owner = created(platform, kWidgets, widget("owner"));
    created(platform, kConfigMaps,
            config_map("child", R"(,"ownerReferences":[{"apiVersion":"example.com/v1","kind":"Widget","name":"owner","uid":")" +
                                    std::string(owner["metadata"]["uid"].as_string()) + "\"}]"));
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/child") == 200);
    CHECK(platform.call("DELETE", std::string(kWidgets) + "/owner").status == 200);
    platform.settle();
    CHECK(status_of(platform, std::string(kConfigMaps) + "/child") == 404);
    check_settled(platform);
  });
}

TEST_CASE("roles gather the rules of those that they select") {
  over_each_client(2, [](SimPlatform& platform) {
    const std::string roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    created(
        platform, roles,
        R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"extra","labels":)"
        R"({"rbac.authorization.k8s.io/aggregate-to-view":"true"}},"rules":[{"apiGroups":["example.com"],"resources":["widgets"],"verbs":["get"]}]})");
    platform.settle();
    CHECK(platform.call("GET", roles + "/view").body.find("example.com") != std::string::npos);
    CHECK(platform.call("DELETE", roles + "/extra").status == 200);
    platform.settle();
    CHECK(platform.call("GET", roles + "/view").body.find("example.com") == std::string::npos);
    check_settled(platform);
  });
}

TEST_CASE("a flow schema says whether its priority level is there") {
  over_each_client(2, [](SimPlatform& platform) {
    const std::string flow = "/apis/flowcontrol.apiserver.k8s.io/v1/";
    const auto dangling = [&](const std::string& name) {
      platform.settle();
      const Document schema = parse_json(platform.call("GET", flow + "flowschemas/" + name).body).value();
      const Value condition =
          schema["status"]["conditions"].items().empty() ? Value() : schema["status"]["conditions"].items()[0];
      return std::string(condition["status"].as_string()) + " " + std::string(condition["reason"].as_string());
    };
    CHECK(dangling("global-default") == "False Found");
    created(
        platform, flow + "flowschemas",
        R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","metadata":{"name":"mine"},"spec":{"priorityLevelConfiguration":{"name":"mine"}}})");
    CHECK(dangling("mine") == "True NotFound");
    created(
        platform, flow + "prioritylevelconfigurations",
        R"({"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","metadata":{"name":"mine"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Reject"}}}})");
    CHECK(dangling("mine") == "False Found");
    CHECK(platform.call("DELETE", flow + "prioritylevelconfigurations/mine").status == 200);
    CHECK(dangling("mine") == "True NotFound");
    check_settled(platform);
  });
}

TEST_CASE("events go when they are old") {
  over_each_client(2, [](SimPlatform& platform) {
    created(
        platform, "/api/v1/namespaces/default/events",
        R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"namespace":"default"},"reason":"Test","type":"Normal"})");
    platform.settle(std::chrono::minutes(50));
    CHECK(status_of(platform, "/api/v1/namespaces/default/events/e") == 200);
    platform.settle(std::chrono::minutes(80));
    CHECK(status_of(platform, "/api/v1/namespaces/default/events/e") == 404);
    check_settled(platform);
  });
}

TEST_CASE("a quota follows what is used, and what is over it is refused") {
  over_each_client(3, [](SimPlatform& platform) {
    const std::string quotas = "/api/v1/namespaces/default/resourcequotas";
    created(platform, quotas,
            R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"count/secrets":"2"}}})");
    platform.settle();
    const auto used = [&] {
      const auto answer = platform.call("GET", quotas + "/q");
      return std::string(parse_json(answer.body).value()["status"]["used"]["count/secrets"].as_string());
    };
    CHECK(used() == "0");
    const std::string secrets = "/api/v1/namespaces/default/secrets";
    const auto secret = [](const std::string& name) {
      return R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":")" + name + "\"}}";
    };
    created(platform, secrets, secret("a"));
    created(platform, secrets, secret("b"));
    CHECK(platform.call("POST", secrets, secret("c")).status == 403);
    platform.settle();
    CHECK(used() == "2");
    CHECK(platform.call("DELETE", secrets + "/a").status == 200);
    platform.settle();
    CHECK(used() == "1");
    created(platform, secrets, secret("c"));
    platform.settle();
    check_settled(platform);
  });
}

TEST_CASE("a claim that a pod uses goes when the pod is gone") {
  over_each_client(3, [](SimPlatform& platform) {
    const std::string claims = "/api/v1/namespaces/default/persistentvolumeclaims", pods = "/api/v1/namespaces/default/pods";
    created(
        platform, claims,
        R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],)"
        R"("resources":{"requests":{"storage":"1Gi"}}}})");
    created(
        platform, pods,
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}],)"
        R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]}})");
    platform.settle();
    CHECK(platform.call("DELETE", claims + "/c").status == 200);
    platform.settle();
    CHECK(status_of(platform, claims + "/c") == 200);
    check_settled(platform);
    CHECK(platform.call("DELETE", pods + "/p", R"({"gracePeriodSeconds":0})").status == 200);
    platform.settle();
    CHECK(status_of(platform, claims + "/c") == 404);
    check_settled(platform);
  });
}

TEST_CASE("a crash in the middle only delays what controllers do") {
  over_each_client(4, [](SimPlatform& platform) {
    created(platform, kNamespaces, name_space("team"));
    const Document owner = created(platform, "/api/v1/namespaces/team/configmaps", config_map("owner"));
    for (int i = 0; i < 5; ++i)
      created(platform, "/api/v1/namespaces/team/configmaps", config_map("c" + std::to_string(i), owned_by(owner)));
    CHECK(platform.call("DELETE", "/api/v1/namespaces/team").status == 200);
    for (int life = 0; life < 3; ++life) {
      platform.world().disk().crash_after_writes(1 + platform.world().random().below(4));
      platform.settle();
      platform.crash();
      REQUIRE(platform.boot().ok());
    }
    platform.settle();
    CHECK(status_of(platform, "/api/v1/namespaces/team") == 404);
    check_settled(platform);
  });
}

}  // namespace plinth::sim
