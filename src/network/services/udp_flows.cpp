#include "network/services/udp_flows.h"

namespace plinth::network {

UdpTargets udp_targets(const ServiceTable& services) {
  UdpTargets out;
  for (const auto& [key, service] : services) {
    if (service.type == "ExternalName") continue;
    for (const ServicePort& port : service.ports) {
      if (port.protocol != "UDP") continue;
      std::set<std::string> endpoints;
      for (const PortEndpoint* one : port.usable()) endpoints.insert(host_and_port(one->endpoint.address, one->port));
      for (const auto* list : {&service.cluster_ips, &service.external_ips, &service.balancer_ips}) {
        for (const std::string& address : *list) out.addresses.emplace(host_and_port(address, port.port), endpoints);
      }
      if (port.node_port != 0) out.node_ports.emplace(std::to_string(port.node_port), endpoints);
    }
  }
  return out;
}

bool is_stale(const UdpFlow& flow, const UdpTargets& now, const UdpTargets& before) {
  if (const auto asked = now.addresses.find(flow.to); asked != now.addresses.end())
    return asked->second.count(flow.answered_by) == 0;
  if (flow.to == flow.answered_by) return false;  // nobody chose
  if (before.addresses.count(flow.to) > 0) return true;
  const std::string port = flow.to.substr(flow.to.rfind(':') + 1);
  const auto was = before.node_ports.find(port);
  if (const auto asked = now.node_ports.find(port); asked != now.node_ports.end())
    return asked->second.count(flow.answered_by) == 0;
  return was != before.node_ports.end() && was->second.count(flow.answered_by) > 0;
}

}  // namespace plinth::network
