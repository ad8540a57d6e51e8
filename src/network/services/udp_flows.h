// Which flows of UDP lead to endpoints that are gone. The kernel chooses an endpoint for a flow's first packet only, and a
// client that goes on sending from one port stays with it for ever.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/flow_table.h"
#include "network/services/service_table.h"

namespace plinth::network {

struct UdpTargets {
  std::map<std::string, std::set<std::string>> addresses;  // by what is asked for, "10.96.0.7:53": endpoints, "10.244.0.5:5353"
  std::map<std::string, std::set<std::string>> node_ports;  // by the port alone, "30053"
  bool operator==(const UdpTargets&) const = default;
};
UdpTargets udp_targets(const ServiceTable& services);

// `before`: what was there until now; a flow to what has gone since is stale too.
bool is_stale(const UdpFlow& flow, const UdpTargets& now, const UdpTargets& before);

}  // namespace plinth::network
