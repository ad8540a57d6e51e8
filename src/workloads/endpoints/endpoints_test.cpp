#include "workloads/endpoints/endpoints.h"

#include <algorithm>
#include <set>

#include "workloads/common/test_cluster.h"
#include "workloads/endpoints/backends.h"

namespace plinth::workloads {
namespace {

struct PodState {
  std::string name, ip = "10.0.0.1", node = "n1", phase = "Running";
  bool ready = true, deleting = false;
  std::string spec = "", labels = R"({"app":"web"})";
};

void put_pod(TestCluster& cluster, const PodState& pod) {
  cluster.put(R"({"kind":"Pod","metadata":{"name":")" + pod.name + R"(","labels":)" + pod.labels +
              (pod.deleting ? R"(,"deletionTimestamp":"2026-09-21T14:00:00Z")" : "") + R"(},"spec":{"nodeName":")" + pod.node +
              R"(","containers":[{"name":"c","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}])" + pod.spec +
              R"(},"status":{"phase":")" + pod.phase + R"(","podIP":")" + pod.ip + R"(","podIPs":[{"ip":")" + pod.ip +
              R"("}],"conditions":[{"type":"Ready","status":")" + (pod.ready ? "True" : "False") +
              R"(","lastTransitionTime":"2026-09-21T14:05:00Z"}]}})");
}

void put_service(TestCluster& cluster, const std::string& more = "", const std::string& metadata = "",
                 const std::string& ports = R"([{"name":"","port":80,"protocol":"TCP","targetPort":"http"}])") {
  cluster.put(R"({"kind":"Service","metadata":{"name":"web")" + metadata +
              R"(},"spec":{"clusterIP":"10.96.0.9","ipFamilies":["IPv4"],"selector":{"app":"web"},"ports":)" + ports + more +
              "}}");
}

TestCluster with_node() {
  TestCluster cluster;
  cluster.put(R"({"kind":"Node","metadata":{"name":"n1","labels":{"topology.kubernetes.io/zone":"z1"}}})");
  return cluster;
}

// "ADDRESS ready serving terminating" of every endpoint, sorted.
std::vector<std::string> told(const TestCluster& cluster) {
  std::vector<std::string> out;
  for (const client::Object& slice : cluster.all("EndpointSlice")) {
    for (const Value& endpoint : slice["endpoints"].items()) {
      const Value conditions = endpoint["conditions"];
      out.push_back(std::string(endpoint["addresses"].items()[0].as_string()) +
                    (conditions["ready"].as_bool() ? " ready" : "") + (conditions["serving"].as_bool() ? " serving" : "") +
                    (conditions["terminating"].as_bool() ? " terminating" : ""));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("which pods are endpoints, and in which condition") {
  struct Case {
    const char* why;
    PodState pod;
    std::string service;
    Texts slices;
    std::string endpoints;  // subsets of the older kind: "ready", "not ready" or ""
  };
  const Case cases[] = {
      {"ready", {.name = "a"}, "", {"10.0.0.1 ready serving"}, "addresses"},
      {"not ready", {.name = "a", .ready = false}, "", {"10.0.0.1"}, "notReadyAddresses"},
      {"wanted although not ready",
       {.name = "a", .ready = false},
       R"(,"publishNotReadyAddresses":true)",
       {"10.0.0.1 ready"},
       "addresses"},
      {"going", {.name = "a", .deleting = true}, "", {"10.0.0.1 serving terminating"}, ""},
      {"going and not ready", {.name = "a", .ready = false, .deleting = true}, "", {"10.0.0.1 terminating"}, ""},
      {"going, wanted in any case",
       {.name = "a", .deleting = true},
       R"(,"publishNotReadyAddresses":true)",
       {"10.0.0.1 ready serving terminating"},
       "addresses"},
      {"ended", {.name = "a", .phase = "Succeeded"}, "", {}, ""},
      {"failed", {.name = "a", .phase = "Failed"}, "", {}, ""},
      {"of another family", {.name = "a", .ip = "fd00::1"}, "", {}, ""},
      {"of a node that is not there", {.name = "a", .node = "n9"}, "", {}, "addresses"},
      {"not selected", {.name = "a", .labels = R"({"app":"other"})"}, "", {}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    TestCluster cluster = with_node();
    put_service(cluster, c.service);
    put_pod(cluster, c.pod);
    cluster.settle(*make_endpoint_slices());
    cluster.settle(*make_endpoints());
    CHECK(told(cluster) == c.slices);
    const Value subsets = (*cluster.get("Endpoints", "web"))["subsets"];
    CHECK((subsets.size() == 0 ? "" : std::string(subsets.items()[0].members()[0].key())) == c.endpoints);
  }
}

TEST_CASE("a slice as upstream writes it") {
  TestCluster cluster = with_node();
  put_service(
      cluster, "", R"(,"labels":{"team":"a","kubernetes.io/service-name":"forged"})",
      R"([{"name":"web","port":80,"protocol":"TCP","targetPort":"http","appProtocol":"h2c"},{"name":"gone","port":81,"protocol":"TCP","targetPort":"nope"}])");
  put_pod(cluster, {.name = "a", .spec = R"(,"hostname":"h","subdomain":"web")"});
  cluster.settle(*make_endpoint_slices());
  REQUIRE(cluster.all("EndpointSlice").size() == 1);
  const std::string name = cluster.all("EndpointSlice")[0].name;
  CHECK(name.starts_with("web-"));
  CHECK(
      cluster.text("EndpointSlice", name, "metadata.labels") ==
      R"({"team":"a","kubernetes.io/service-name":"web","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"})");
  CHECK(cluster.text("EndpointSlice", name, "metadata.ownerReferences.0") ==
        R"({"apiVersion":"v1","kind":"Service","name":"web","uid":"uid-web","controller":true,"blockOwnerDeletion":true})");
  CHECK(cluster.text("EndpointSlice", name, "ports") == R"([{"name":"web","port":8080,"protocol":"TCP","appProtocol":"h2c"}])");
  CHECK(cluster.text("EndpointSlice", name, "endpoints.0") ==
        R"({"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"h",)"
        R"("targetRef":{"kind":"Pod","namespace":"default","name":"a","uid":"uid-a"},"nodeName":"n1","zone":"z1"})");
}

TEST_CASE("a service that has no pods has one empty slice, and keeps it") {
  TestCluster cluster = with_node();
  put_service(cluster, R"(,"type":"ClusterIP")");
  const auto controller = make_endpoint_slices();
  CHECK(cluster.settle(*controller) == 1);
  REQUIRE(cluster.all("EndpointSlice").size() == 1);
  CHECK(cluster.all("EndpointSlice")[0]["endpoints"].size() == 0);
  put_pod(cluster, {.name = "a"});
  cluster.settle(*controller);
  CHECK(told(cluster) == Texts{"10.0.0.1 ready serving"});
  CHECK(cluster.all("EndpointSlice").size() == 1);
  cluster.remove("Pod", "a");
  cluster.settle(*controller);
  CHECK(cluster.all("EndpointSlice").size() == 1);
  CHECK(told(cluster).empty());
}

TEST_CASE("who has no slices: no selector, ExternalName") {
  for (const char* spec : {R"({"ipFamilies":["IPv4"],"ports":[{"port":80}]})",
                           R"({"type":"ExternalName","externalName":"x","selector":{"app":"web"}})"}) {
    TestCluster cluster = with_node();
    cluster.put(R"({"kind":"Service","metadata":{"name":"web"},"spec":)" + std::string(spec) + "}");
    put_pod(cluster, {.name = "a"});
    CHECK(cluster.settle(*make_endpoint_slices()) == 0);
    CHECK(cluster.settle(*make_endpoints()) == 0);
  }
}

TEST_CASE("slices hold a hundred each; endpoints keep their place when others come and go") {
  TestCluster cluster = with_node();
  put_service(cluster);
  auto put = [&](int i) {
    put_pod(cluster,
            {.name = "p" + std::to_string(i), .ip = "10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1)});
  };
  for (int i = 0; i < 250; ++i) put(i);
  const auto controller = make_endpoint_slices();
  CHECK(cluster.settle(*controller) == 3);
  CHECK(told(cluster).size() == 250);
  std::multiset<std::size_t> sizes;
  for (const client::Object& slice : cluster.all("EndpointSlice")) sizes.insert(slice["endpoints"].size());
  CHECK(sizes == std::multiset<std::size_t>{50, 100, 100});
  // One goes, another comes: the hole is filled, one slice is written.
  cluster.remove("Pod", "p7");
  put(300);
  CHECK(cluster.settle(*controller) == 1);
  CHECK(told(cluster).size() == 250);
  for (int i = 8; i < 250; ++i) cluster.remove("Pod", "p" + std::to_string(i));
  cluster.settle(*controller);
  CHECK(told(cluster).size() == 8);
  // Slices that are not empty are not merged, as upstream does not.
  CHECK(cluster.all("EndpointSlice").size() <= 3);
}

TEST_CASE("pods whose named port is another number are in slices of their own") {
  TestCluster cluster = with_node();
  put_service(cluster);
  put_pod(cluster, {.name = "a"});
  cluster.put(
      R"({"kind":"Pod","metadata":{"name":"b","labels":{"app":"web"}},"spec":{"nodeName":"n1","containers":[{"ports":[{"name":"http","containerPort":9090,"protocol":"TCP"}]}]},)"
      R"("status":{"phase":"Running","podIPs":[{"ip":"10.0.0.2"}],"conditions":[{"type":"Ready","status":"True"}]}})");
  cluster.settle(*make_endpoint_slices());
  CHECK(cluster.all("EndpointSlice").size() == 2);
  cluster.settle(*make_endpoints());
  CHECK((*cluster.get("Endpoints", "web"))["subsets"].size() == 2);
}

TEST_CASE("a headless service: the label, no ports needed") {
  TestCluster cluster = with_node();
  cluster.put(
      R"({"kind":"Service","metadata":{"name":"web"},"spec":{"clusterIP":"None","ipFamilies":["IPv4"],"selector":{"app":"web"}}})");
  put_pod(cluster, {.name = "a"});
  cluster.settle(*make_endpoint_slices());
  cluster.settle(*make_endpoints());
  const client::Object slice = cluster.all("EndpointSlice")[0];
  CHECK(slice.metadata()["labels"].find(kHeadlessLabel) != nullptr);
  CHECK(slice["endpoints"].size() == 1);
  CHECK(slice["ports"].size() == 0);
  CHECK(cluster.text("Endpoints", "web", "metadata.labels") ==
        R"({"service.kubernetes.io/headless":"","endpoints.kubernetes.io/managed-by":"endpoint-controller"})");
  CHECK(cluster.text("Endpoints", "web", "subsets.0.ports") == "null");
}

TEST_CASE("endpoints by hand are mirrored, and follow") {
  TestCluster cluster;
  cluster.put(R"({"kind":"Service","metadata":{"name":"db"},"spec":{"clusterIP":"10.96.0.3","ports":[{"port":5432}]}})");
  cluster.put(
      R"({"kind":"Endpoints","metadata":{"name":"db","labels":{"by":"hand"},"annotations":{"note":"x","kubectl.kubernetes.io/last-applied-configuration":"{}"}},)"
      R"("subsets":[{"addresses":[{"ip":"192.0.2.1","nodeName":"n1"}],"notReadyAddresses":[{"ip":"192.0.2.2"},{"ip":"2001:db8::1"}],"ports":[{"port":5432,"protocol":"TCP"}]}]})");
  const auto controller = make_endpoint_mirroring();
  CHECK(cluster.settle(*controller) == 2);
  CHECK(told(cluster) == Texts{"192.0.2.1 ready", "192.0.2.2", "2001:db8::1"});
  const client::Object slice = cluster.all("EndpointSlice")[0];
  CHECK(to_json(slice.metadata()["annotations"]) == R"({"note":"x"})");
  CHECK(slice.metadata()["labels"]["by"].as_string() == "hand");
  cluster.put(
      R"({"kind":"Endpoints","metadata":{"name":"db","labels":{"endpointslice.kubernetes.io/skip-mirror":"true"}},"subsets":[]})");
  cluster.settle(*controller);
  CHECK(cluster.all("EndpointSlice").empty());
}

TEST_CASE("endpoints of a service that is gone go too, those by hand stay") {
  TestCluster cluster = with_node();
  put_service(cluster);
  const auto controller = make_endpoints();
  cluster.settle(*controller);
  cluster.put(R"({"kind":"Endpoints","metadata":{"name":"hand"}})");
  cluster.remove("Service", "web");
  cluster.settle(*controller);
  CHECK(!cluster.get("Endpoints", "web"));
  CHECK(cluster.get("Endpoints", "hand"));
}

}  // namespace plinth::workloads
