#include "network/services/udp_flows.h"

#include <doctest/doctest.h>

namespace plinth::network {
namespace {

ServiceTable table(std::vector<std::string> endpoints, std::int64_t node_port = 30053) {
  Service service;
  service.name_space = "ns", service.name = "dns", service.type = "ClusterIP", service.cluster_ips = {"10.96.0.7"};
  ServicePort port;
  port.protocol = "UDP", port.port = 53, port.node_port = node_port;
  for (const std::string& address : endpoints) {
    PortEndpoint one;
    one.port = 5353;
    one.endpoint.address = address, one.endpoint.ready = true;
    port.endpoints.push_back(one);
  }
  service.ports = {port};
  ServicePort tcp = port;
  tcp.protocol = "TCP";
  service.ports.push_back(tcp);
  return {{"ns/dns", service}};
}

TEST_CASE("flows of UDP to endpoints that are gone") {
  const UdpTargets before = udp_targets(table({"10.244.0.2", "10.244.0.3"})), now = udp_targets(table({"10.244.0.3"})),
                   none = udp_targets({});
  struct Row {
    const char *to, *answered_by;
    bool after_endpoint, after_service;
  };
  const Row rows[] = {
      {"10.96.0.7:53", "10.244.0.2:5353", true, true},      {"10.96.0.7:53", "10.244.0.3:5353", false, true},
      {"10.96.0.7:53", "10.96.0.7:53", true, false},  // sent before there was an endpoint
      {"192.0.2.2:30053", "10.244.0.2:5353", true, true},   {"192.0.2.2:30053", "10.244.0.3:5353", false, true},
      {"192.0.2.2:30053", "192.0.2.2:30053", false, false}, {"192.0.2.9:30053", "198.51.100.1:30053", true, false},
      {"10.244.0.2:5353", "10.244.0.2:5353", false, false}, {"1.1.1.1:53", "1.1.1.1:53", false, false},
  };
  for (const Row& row : rows) {
    CHECK_MESSAGE(is_stale({row.to, row.answered_by}, now, before) == row.after_endpoint, row.to << " " << row.answered_by);
    CHECK_MESSAGE(is_stale({row.to, row.answered_by}, none, before) == row.after_service, row.to << " " << row.answered_by);
    CHECK_FALSE((is_stale({row.to, row.answered_by}, before, {}) && std::string(row.answered_by).starts_with("10.244.0.2")));
  }
  CHECK(udp_targets(table({"10.244.0.3"})) == now);
  CHECK(now.addresses.size() == 1);
}

}  // namespace
}  // namespace plinth::network
