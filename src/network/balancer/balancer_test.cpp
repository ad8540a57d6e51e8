#include <doctest/doctest.h>

#include "base/json.h"
#include "client/object_cache.h"
#include "network/balancer/balancer_controller.h"
#include "network/dns/dns_service.h"

namespace plinth::network {
namespace {

const client::Resource kServices{"", "v1", "services", "Service", true}, kNodes{"", "v1", "nodes", "Node", false},
    kEvents{"", "v1", "events", "Event", true}, kEndpoints{"", "v1", "endpoints", "Endpoints", true},
    kSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true};

struct Cluster {
  Cluster() {
    for (const client::Resource& kind : {kServices, kNodes, kEvents, kEndpoints, kSlices}) cache.add_kind(kind);
  }
  void put(const client::Resource& kind, const std::string& text) {
    const Document document = parse_json(text).value();
    const std::string name(document["metadata"]["name"].as_string()), in(document["metadata"]["namespace"].as_string());
    cache.apply({kind, in, name, "uid-" + name, ++revision, document}, false);
  }
  void node(const std::string& name, const std::string& address, const std::string& labels = "{}") {
    put(kNodes, R"({"metadata":{"name":")" + name + R"(","labels":)" + labels +
                    R"(},"status":{"addresses":[{"type":"InternalIP","address":")" + address + R"("}]}})");
  }
  void service(const std::string& name, const std::string& created, const std::string& spec, const std::string& status = "{}") {
    put(kServices, R"({"metadata":{"namespace":"ns","name":")" + name + R"(","creationTimestamp":")" + created +
                       R"("},"spec":)" + spec + R"(,"status":)" + status + "}");
  }
  // "METHOD target body" of each request, one a line.
  std::string plan(const client::Controller& controller, const std::string& key) {
    std::string out;
    for (const client::Request& request : controller.step(*cache.view(), key, {}).requests)
      out += request.method + " " + request.target + " " + request.body + "\n";
    return out;
  }
  client::ObjectCache cache;
  std::uint64_t revision = 0;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* kWeb = R"({"type":"LoadBalancer","ports":[{"port":80,"protocol":"TCP"}]})";
constexpr const char* kEarly = "2026-01-01T00:00:00Z";
constexpr const char* kLate = "2026-01-02T00:00:00Z";

TEST_CASE("a load balancer is the node's address; one for each port") {
  Cluster cluster;
  const auto controller = make_balancer_controller({{{"TCP/6443", "the API"}}});
  cluster.service("web", kLate, kWeb);
  CHECK(has(cluster.plan(*controller, "ns/web"), "no node has an address for it"));
  cluster.node("a", "192.0.2.2");
  cluster.node("b", "192.0.2.3", R"({"node.kubernetes.io/exclude-from-external-load-balancers":""})");
  CHECK(has(cluster.plan(*controller, "ns/web"), R"("loadBalancer":{"ingress":[{"ip":"192.0.2.2","ipMode":"VIP"}]})"));
  CHECK(has(cluster.plan(*controller, "ns/web"), "EnsuredLoadBalancer"));
  cluster.service("web", kLate, kWeb, R"({"loadBalancer":{"ingress":[{"ip":"192.0.2.2","ipMode":"VIP"}]}})");
  CHECK(cluster.plan(*controller, "ns/web").empty());

  // The younger one waits, and loses what it had.
  cluster.service("old", kEarly, kWeb);
  CHECK(has(cluster.plan(*controller, "ns/web"), "port TCP/80 of the node belongs to Service ns/old"));
  CHECK(has(cluster.plan(*controller, "ns/web"), R"("ingress":null)"));
  CHECK_FALSE(has(cluster.plan(*controller, "ns/old"), "belongs to"));
  cluster.service("old", kEarly, R"({"type":"LoadBalancer","ports":[{"port":80,"protocol":"UDP"}]})");
  CHECK(cluster.plan(*controller, "ns/web").empty());

  cluster.service("api", kLate, R"({"type":"LoadBalancer","ports":[{"port":6443,"protocol":"TCP"}]})");
  CHECK(has(cluster.plan(*controller, "ns/api"), "port TCP/6443 of the node belongs to the API"));
  cluster.service("asks", kLate,
                  R"({"type":"LoadBalancer","loadBalancerIP":"192.0.2.9","ports":[{"port":81,"protocol":"TCP"}]})");
  CHECK(has(cluster.plan(*controller, "ns/asks"), "spec.loadBalancerIP: 192.0.2.9 is no node's address"));
  cluster.service("theirs", kLate,
                  R"({"type":"LoadBalancer","loadBalancerClass":"x/y","ports":[{"port":82,"protocol":"TCP"}]})");
  CHECK(cluster.plan(*controller, "ns/theirs").empty());
  cluster.service("was", kLate, R"({"type":"ClusterIP","ports":[]})", R"({"loadBalancer":{"ingress":[{"ip":"192.0.2.2"}]}})");
  CHECK(has(cluster.plan(*controller, "ns/was"), R"("ingress":null)"));
}

TEST_CASE("the Service of the cluster's DNS") {
  Cluster cluster;
  const auto controller = dns::make_dns_service({"10.96.0.10", "10.244.0.1"});
  const std::string made = cluster.plan(*controller, "kube-dns");
  CHECK(has(made, "POST /api/v1/namespaces/kube-system/services?"));
  CHECK(has(made, R"("clusterIP":"10.96.0.10")"));
  CHECK(has(made, "POST /apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?"));
  const std::string ports =
      R"([{"name":"dns","port":53,"protocol":"UDP","targetPort":53},{"name":"dns-tcp","port":53,"protocol":"TCP","targetPort":53}])";
  const std::string at = R"({"metadata":{"namespace":"kube-system","name":"kube-dns"},)";
  cluster.put(kServices, at + R"("spec":{"clusterIP":"10.96.0.10","ports":)" + ports + "}}");
  const std::string both = R"([{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53,"protocol":"TCP"}])";
  cluster.put(kEndpoints, at + R"("subsets":[{"addresses":[{"ip":"10.244.0.1"}],"ports":)" + both + "}]}");
  cluster.put(kSlices, at + R"("endpoints":[{"addresses":["10.244.0.1"],"conditions":{"ready":true}}],"ports":)" + both + "}");
  CHECK(cluster.plan(*controller, "kube-dns").empty());
  // Another range of pods than before.
  cluster.put(kEndpoints, at + R"("subsets":[{"addresses":[{"ip":"10.1.0.1"}],"ports":)" + both + "}]}");
  CHECK(has(cluster.plan(*controller, "kube-dns"), "PATCH /api/v1/namespaces/kube-system/endpoints/kube-dns?"));
  // Somebody's own.
  cluster.put(kServices, at + R"("spec":{"clusterIP":"10.96.0.10","selector":{"app":"coredns"},"ports":[]}})");
  CHECK(cluster.plan(*controller, "kube-dns").empty());
  cluster.put(kServices, at + R"("spec":{"clusterIP":"10.96.0.99","ports":[]}})");
  CHECK(cluster.plan(*controller, "kube-dns").empty());
}

}  // namespace
}  // namespace plinth::network
