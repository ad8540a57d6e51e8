// Services as nftables rules: what kube-proxy does, for one node. One table of Plinth's own.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "network/services/service_table.h"

namespace plinth::network {

struct RulesetOptions {
  std::string node;                         // of internalTrafficPolicy and externalTrafficPolicy Local
  std::string pod_range;                    // "10.244.0.0/24"
  std::vector<std::string> service_ranges;  // "10.96.0.0/16"; what is asked there of nobody is refused
  std::string bridge;                       // of the pods
  std::string
      gateway;  // its address, where the API and the DNS listen for pods: others' packets to it are dropped. "": there is none
  // Packets between two ports of the bridge pass these rules too (br_netfilter): answers from pod to pod are translated back,
  // and sources are kept.
  bool bridge_is_filtered = false;
  std::string table = "plinth-services";
};

// Names in a table that is there. Chains and sets that are still wanted stay when rules change, and so do the clients that sets
// of session affinity hold.
struct TableContent {
  std::set<std::string> chains, sets;
};

struct Ruleset {
  std::string text;      // for `nft -f -`: one transaction, so there is never half of one
  TableContent content;  // once it was carried out
};

// IPv4; addresses of IPv6 are left out. A function of its arguments alone, in a fixed order, so equal Services give equal text.
// `there`: null replaces whatever is there as a whole.
//
// Addresses of Services are for this machine and its own pods; node ports, external addresses and those of load balancers for
// everybody. Sources are kept, but for traffic of this machine itself, of a pod to itself and, where the bridge is not
// filtered, from pods to pods: answers between two ports of one bridge would otherwise go past the translation.
Ruleset services_ruleset(const ServiceTable& services, const RulesetOptions& options, const TableContent* there);
// Takes everything away; succeeds where nothing is.
std::string remove_ruleset(const RulesetOptions& options);
// From the output of `nft list table`.
TableContent table_content(std::string_view listed);

}  // namespace plinth::network
