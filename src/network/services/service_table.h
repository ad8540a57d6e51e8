// Services with the endpoints behind each port, as the parts of the network use them: read from a view in one go.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/cache.h"

namespace plinth::network {

struct Endpoint {
  std::string address;  // an IP
  std::string name;     // as a label in DNS; "" when it has none
  std::string node;
  bool ready = false;    // takes traffic
  bool serving = false;  // as ready, also while it ends
  bool terminating = false;
};

struct PortEndpoint {
  Endpoint endpoint;
  std::int64_t port = 0;
};

struct ServicePort {
  std::string name;
  std::string protocol = "TCP";
  std::int64_t port = 0;
  std::int64_t node_port = 0;  // 0: none
  std::vector<PortEndpoint> endpoints;

  // Those that take traffic; where there is none, those that still serve while they end.
  std::vector<const PortEndpoint*> usable() const;
};

struct Service {
  std::string name_space, name;
  std::string type;  // ClusterIP, NodePort, LoadBalancer, ExternalName
  std::string external_name;
  std::vector<std::string> cluster_ips;  // empty: headless, or ExternalName
  std::vector<std::string> external_ips;
  std::vector<std::string> balancer_ips;      // of its status
  std::vector<std::string> balancer_sources;  // ranges of clients that may use them; empty: all
  std::vector<ServicePort> ports;
  bool publish_not_ready = false;
  std::int64_t affinity_seconds = 0;                    // 0: no session affinity
  bool internal_local = false, external_local = false;  // traffic policies
  std::int64_t health_check_node_port = 0;

  bool headless() const { return cluster_ips.empty() && type != "ExternalName"; }
};

// By "namespace/name".
using ServiceTable = std::map<std::string, Service, std::less<>>;
ServiceTable read_services(const client::View& view);

// "10.0.0.1:80", "[fd00::1]:80".
std::string host_and_port(const std::string& address, std::int64_t port);

}  // namespace plinth::network
