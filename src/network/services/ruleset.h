// Services as nftables rules: what kube-proxy does, for one node. One table of Plinth's own, replaced as a whole.
#pragma once

#include <string>

#include "network/services/service_table.h"

namespace plinth::network {

struct RulesetOptions {
  std::string node;           // of internalTrafficPolicy and externalTrafficPolicy Local
  std::string pod_range;      // "10.244.0.0/24"
  std::vector<std::string> service_ranges;  // "10.96.0.0/16"; what is asked there of nobody is refused
  std::string bridge;         // of the pods
  // "127.0.0.1:6443": where default/kubernetes is while it has no endpoints, which may not be on loopback. Pods get there only so: what
  // else comes from the bridge for loopback is dropped.
  std::string api_address;
  std::string table = "plinth-services";
};

// The input of `nft -f -`, one transaction: a table is there before and after it, never half of one. IPv4; addresses of IPv6 are left
// out. A function of its arguments alone, in a fixed order, so equal Services give equal text.
//
// Sources are kept, but for traffic of this machine itself and from pods to pods: answers between two ports of one bridge would
// otherwise go past the translation. ClientIP affinity chooses by the client's address, for as long as the endpoints stay.
std::string services_ruleset(const ServiceTable& services, const RulesetOptions& options);
// Takes everything away; succeeds where nothing is.
std::string remove_ruleset(const RulesetOptions& options);

}  // namespace plinth::network
