#include "network/services/ruleset.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace plinth::network {
namespace {

RulesetOptions options() {
  RulesetOptions out;
  out.node = "here";
  out.pod_range = "10.244.0.0/24";
  out.service_ranges = {"10.96.0.0/16"};
  out.bridge = "br-test";
  out.api_address = "127.0.0.1:6443";
  out.table = "services_test";
  return out;
}

PortEndpoint endpoint(const std::string& address, bool ready = true, const std::string& node = "here", bool terminating = false) {
  PortEndpoint out;
  out.port = 8080;
  out.endpoint.address = address;
  out.endpoint.node = node;
  out.endpoint.ready = ready;
  out.endpoint.serving = ready || terminating;
  out.endpoint.terminating = terminating;
  return out;
}

Service service(std::vector<PortEndpoint> endpoints, std::int64_t node_port = 0) {
  Service out;
  out.name_space = "ns", out.name = "web", out.type = "ClusterIP", out.cluster_ips = {"10.96.0.7", "fd00::7"};
  ServicePort port;
  port.port = 80;
  port.node_port = node_port;
  port.endpoints = std::move(endpoints);
  out.ports = {port};
  return out;
}

std::string text(const Service& one) { return services_ruleset({{one.name_space + "/" + one.name, one}}, options()); }
bool has(const std::string& rules, const std::string& line) { return rules.find(line) != std::string::npos; }

// What the kernel says to it, in a network namespace that goes at once; true where that cannot be made.
bool accepted_by_kernel(const std::string& rules) {
  if (geteuid() != 0 || std::system("unshare --net nft --version > /dev/null 2>&1") != 0) return true;
  FILE* nft = popen("unshare --net nft -f -", "w");
  REQUIRE(nft != nullptr);
  std::fwrite(rules.data(), 1, rules.size(), nft);
  return pclose(nft) == 0;
}

TEST_CASE("a Service's addresses lead to its endpoints by turns") {
  const std::string rules = text(service({endpoint("10.244.0.3"), endpoint("10.244.0.2"), endpoint("10.244.0.9", false)}));
  CHECK(has(rules, "10.96.0.7 . tcp . 80 : goto svc/ns/web/tcp/80,"));
  CHECK(has(rules, "numgen random mod 2 vmap { 0 : goto svc/ns/web/tcp/80/0, 1 : goto svc/ns/web/tcp/80/1 }"));
  CHECK(has(rules, "meta l4proto tcp dnat to 10.244.0.2:8080"));
  CHECK(has(rules, "meta l4proto tcp dnat to 10.244.0.3:8080"));
  CHECK_FALSE(has(rules, "10.244.0.9"));
  CHECK_FALSE(has(rules, "fd00"));
  CHECK(rules == text(service({endpoint("10.244.0.2"), endpoint("10.244.0.3")})));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("what has no endpoints is refused") {
  const std::string rules = text(service({endpoint("10.244.0.2", false)}, 30080));
  CHECK(has(rules, "10.96.0.7 . tcp . 80,\n"));
  CHECK(has(rules, "tcp . 30080,\n"));
  CHECK_FALSE(has(rules, "dnat to 10."));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("endpoints that end serve while there are no others") {
  CHECK(has(text(service({endpoint("10.244.0.2", false, "here", true)})), "dnat to 10.244.0.2:8080"));
  CHECK_FALSE(has(text(service({endpoint("10.244.0.2", false, "here", true), endpoint("10.244.0.3")})), "10.244.0.2"));
}

TEST_CASE("node ports, external addresses, affinity, UDP") {
  Service one = service({endpoint("10.244.0.2"), endpoint("10.244.0.3")}, 30080);
  one.external_ips = {"192.0.2.9"};
  one.balancer_ips = {"192.0.2.10"};
  one.affinity_seconds = 600;
  one.ports[0].protocol = "UDP";
  const std::string rules = text(one);
  CHECK(has(rules, "udp . 30080 : goto svc/ns/web/udp/80,"));
  CHECK(has(rules, "192.0.2.9 . udp . 80 : goto svc/ns/web/udp/80,"));
  CHECK(has(rules, "192.0.2.10 . udp . 80 : goto svc/ns/web/udp/80,"));
  CHECK(has(rules, "jhash ip saddr mod 2 vmap"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("policies: Local takes endpoints of this node only") {
  Service one = service({endpoint("10.244.0.2"), endpoint("10.244.1.2", true, "there")}, 30080);
  one.external_local = true;
  const std::string rules = text(one);
  CHECK(has(rules, "tcp . 30080 : goto svc/ns/web/tcp/80/local,"));
  CHECK(has(rules, "chain svc/ns/web/tcp/80/local {\n    goto svc/ns/web/tcp/80/local/0\n"));
  CHECK(has(rules, "numgen random mod 2"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("the API's own Service leads to loopback while it has no endpoints") {
  Service api = service({});
  api.name_space = "default", api.name = "kubernetes", api.cluster_ips = {"10.96.0.1"};
  const std::string rules = text(api);
  CHECK(has(rules, "chain api {\n    meta l4proto tcp dnat to 127.0.0.1:6443\n"));
  CHECK(has(rules, "10.96.0.1 . tcp . 80 : goto api,"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("names that differ in where their parts end do not meet; nothing is left") {
  Service a = service({endpoint("10.244.0.2")}), b = service({endpoint("10.244.0.3")});
  a.name_space = "x-y", a.name = "z", b.name_space = "x", b.name = "y-z", b.cluster_ips = {"10.96.0.8"};
  const std::string rules = services_ruleset({{"x-y/z", a}, {"x/y-z", b}}, options());
  CHECK(has(rules, "chain svc/x-y/z/tcp/80 {"));
  CHECK(has(rules, "chain svc/x/y-z/tcp/80 {"));
  CHECK(accepted_by_kernel(rules + rules + remove_ruleset(options()) + remove_ruleset(options())));
  CHECK(accepted_by_kernel(services_ruleset({}, options())));
}

}  // namespace
}  // namespace plinth::network
