#include "network/services/ruleset.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>
#include <unistd.h>

namespace plinth::network {
namespace {

RulesetOptions options() {
  RulesetOptions out;
  out.node = "here";
  out.pod_range = "10.244.0.0/24";
  out.service_ranges = {"10.96.0.0/16"};
  out.bridge = "br-test";
  out.gateway = "10.244.0.1";
  out.table = "services_test";
  return out;
}

PortEndpoint endpoint(const std::string& address, bool ready = true, const std::string& node = "here",
                      bool terminating = false) {
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

std::string text(const Service& one) {
  return services_ruleset({{one.name_space + "/" + one.name, one}}, options(), nullptr).text;
}

bool has(const std::string& rules, const std::string& part) { return rules.find(part) != std::string::npos; }

bool can_ask_kernel() { return geteuid() == 0 && std::system("unshare --net nft --version > /dev/null 2>&1") == 0; }

// Each a transaction of its own, in a network namespace that goes at once; then what is there, "" where one was refused.
std::string carried_out(const std::vector<std::string>& texts) {
  char dir[] = "/tmp/plinth-ruleset-XXXXXX";
  REQUIRE(mkdtemp(dir) != nullptr);
  std::string command = "unshare --net sh -c '";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string path = std::string(dir) + "/" + std::to_string(i);
    std::FILE* file = std::fopen(path.c_str(), "w");
    REQUIRE(file != nullptr);
    std::fwrite(texts[i].data(), 1, texts[i].size(), file);
    std::fclose(file);
    command += "nft -f " + path + " && ";
  }
  std::FILE* nft = popen((command + "nft list ruleset && echo done'").c_str(), "r");
  REQUIRE(nft != nullptr);
  std::string out;
  char part[4096];
  for (std::size_t n = 0; (n = std::fread(part, 1, sizeof part, nft)) > 0;) out.append(part, n);
  pclose(nft);
  std::filesystem::remove_all(dir);
  return out;
}

// Chains, maps and sets, in whichever order they were made.
std::vector<std::string> blocks(const std::string& listed) {
  std::vector<std::string> out;
  for (std::size_t at = 0, end = 0; (end = listed.find("\t}\n", at)) != std::string::npos; at = end + 3)
    out.push_back(listed.substr(at, end - at));
  for (std::string& block : out) block.erase(0, block.find_first_not_of("\n"));
  std::sort(out.begin(), out.end());
  return out;
}

// True where there is no kernel that may be asked.
bool accepted_by_kernel(const std::string& rules) { return !can_ask_kernel() || has(carried_out({rules}), "done\n"); }

TEST_CASE("a Service's addresses lead to its endpoints by turns") {
  const std::string rules = text(service({endpoint("10.244.0.3"), endpoint("10.244.0.2"), endpoint("10.244.0.9", false)}));
  CHECK(has(rules, "10.96.0.7 . tcp . 80 : goto svc/ns/web/tcp/80,"));
  CHECK(has(
      rules,
      "numgen random mod 2 vmap { 0 : goto svc/ns/web/tcp/80/10.244.0.2/8080, 1 : goto svc/ns/web/tcp/80/10.244.0.3/8080 }"));
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
  CHECK(has(rules,
            "set affinity/600/ns/web/udp/80/10.244.0.2/8080 {\n    type ipv4_addr\n    size 65535\n    flags dynamic,timeout\n "
            "   timeout 600s"));
  CHECK(has(rules, "ip saddr @affinity/600/ns/web/udp/80/10.244.0.2/8080 goto svc/ns/web/udp/80/10.244.0.2/8080\n"));
  CHECK(
      has(rules,
          "chain svc/ns/web/udp/80/10.244.0.2/8080 {\n    update @affinity/600/ns/web/udp/80/10.244.0.2/8080 { ip saddr }\n"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("a load balancer may be for some clients only") {
  Service one = service({endpoint("10.244.0.2")}, 30080);
  one.balancer_ips = {"192.0.2.10"};
  one.balancer_sources = {"198.51.100.0/24", "203.0.113.7/32", "fd00::/8"};
  const std::string rules = text(one);
  CHECK(has(rules, "192.0.2.10 . tcp . 80 : goto svc/ns/web/tcp/80/sources,"));
  CHECK(has(rules,
            "chain svc/ns/web/tcp/80/sources {\n    ip saddr { 198.51.100.0/24, 203.0.113.7/32 } goto svc/ns/web/tcp/80\n    "
            "drop\n"));
  CHECK(has(rules, "tcp . 30080 : goto svc/ns/web/tcp/80,"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("policies: Local takes endpoints of this node only") {
  Service one = service({endpoint("10.244.0.2"), endpoint("10.244.1.2", true, "there")}, 30080);
  one.external_local = true;
  const std::string rules = text(one);
  CHECK(has(rules, "tcp . 30080 : goto svc/ns/web/tcp/80/local,"));
  CHECK(has(rules, "chain svc/ns/web/tcp/80/local {\n    goto svc/ns/web/tcp/80/local/10.244.0.2/8080\n"));
  CHECK(has(rules, "numgen random mod 2"));
  CHECK(accepted_by_kernel(rules));
}

TEST_CASE("rules that change keep what stays: chains, and the clients of session affinity") {
  Service one = service({endpoint("10.244.0.2"), endpoint("10.244.0.3")}, 30080);
  one.affinity_seconds = 600;
  const Ruleset first = services_ruleset({{"ns/web", one}}, options(), nullptr);
  CHECK(first.content.sets.size() == 2);
  one.ports[0].endpoints[0] = endpoint("10.244.0.4");
  const Ruleset second = services_ruleset({{"ns/web", one}}, options(), &first.content);
  CHECK_FALSE(has(second.text, "delete table"));
  CHECK(has(second.text, "delete chain ip services_test svc/ns/web/tcp/80/10.244.0.2/8080\n"));
  CHECK(has(second.text, "delete set ip services_test affinity/600/ns/web/tcp/80/10.244.0.2/8080\n"));
  const Ruleset last = services_ruleset({}, options(), &second.content);
  CHECK(last.content.chains.empty());
  if (!can_ask_kernel()) return;
  const std::string client = "add element ip services_test affinity/600/ns/web/tcp/80/10.244.0.3/8080 { 10.244.0.9 }";
  const std::string there = carried_out({first.text, client, second.text});
  CHECK(has(there, "10.244.0.9"));
  const TableContent content = table_content(there);
  CHECK(content.chains == second.content.chains);
  CHECK(content.sets == second.content.sets);
  // The same as from the beginning.
  CHECK(blocks(carried_out({first.text, second.text})) ==
        blocks(carried_out({services_ruleset({{"ns/web", one}}, options(), nullptr).text})));
  CHECK(blocks(carried_out({first.text, second.text, last.text})) ==
        blocks(carried_out({services_ruleset({}, options(), nullptr).text})));
  CHECK(carried_out({first.text, remove_ruleset(options())}) == "done\n");
}

TEST_CASE("what listens for pods is for pods, and this machine") {
  CHECK(has(services_ruleset({}, options(), nullptr).text,
            "iifname != { \"br-test\", \"lo\" } ip daddr 10.244.0.1 ct status and dnat == 0 drop"));
}

TEST_CASE("where the bridge is filtered, pods see who calls them") {
  RulesetOptions filtered = options();
  CHECK(has(services_ruleset({}, filtered, nullptr).text, "ip saddr 10.244.0.0/24 ip daddr 10.244.0.0/24 masquerade"));
  filtered.bridge_is_filtered = true;
  CHECK_FALSE(has(services_ruleset({}, filtered, nullptr).text, "ip saddr 10.244.0.0/24"));
}

TEST_CASE("names that differ in where their parts end do not meet; nothing is left") {
  Service a = service({endpoint("10.244.0.2")}), b = service({endpoint("10.244.0.3")});
  a.name_space = "x-y", a.name = "z", b.name_space = "x", b.name = "y-z", b.cluster_ips = {"10.96.0.8"};
  const std::string rules = services_ruleset({{"x-y/z", a}, {"x/y-z", b}}, options(), nullptr).text;
  CHECK(has(rules, "chain svc/x-y/z/tcp/80 {"));
  CHECK(has(rules, "chain svc/x/y-z/tcp/80 {"));
  CHECK(accepted_by_kernel(rules + rules + remove_ruleset(options()) + remove_ruleset(options())));
  CHECK(accepted_by_kernel(services_ruleset({}, options(), nullptr).text));
}

}  // namespace
}  // namespace plinth::network
