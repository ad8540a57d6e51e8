#include "network/services/ruleset.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace plinth::network {
namespace {

bool is_v4(const std::string& address) { return address.find(':') == std::string::npos && !address.empty(); }

struct Target {
  std::string address;
  std::int64_t port = 0;
  bool operator<(const Target& o) const { return std::tie(address, port) < std::tie(o.address, o.port); }
};

std::vector<Target> targets(const ServicePort& port, bool local, const std::string& node) {
  std::set<Target> out;
  for (const PortEndpoint* one : port.usable()) {
    const std::string& at = one->endpoint.node;
    if (!is_v4(one->endpoint.address) || (local && !at.empty() && at != node)) continue;
    out.insert({one->endpoint.address, one->port});
  }
  return {out.begin(), out.end()};
}

std::string protocol_of(const ServicePort& port) { return to_lower(port.protocol); }

class RulesetWriter {
 public:
  explicit RulesetWriter(const RulesetOptions& options) : options_(options) {}

  void add(const Service& service) {
    if (service.type == "ExternalName") return;
    for (const ServicePort& port : service.ports) {
      const std::string inside = chain(service, port, service.internal_local);
      for (const std::string& address : service.cluster_ips) add_address(address, port, inside);
      if (service.external_ips.empty() && service.balancer_ips.empty() && port.node_port == 0) continue;
      const std::string outside = chain(service, port, service.external_local);
      for (const std::string& address : service.external_ips) add_address(address, port, outside);
      for (const std::string& address : service.balancer_ips) add_address(address, port, outside);
      if (port.node_port == 0) continue;
      const std::string key = fmt::format("{} . {}", protocol_of(port), port.node_port);
      if (outside.empty()) empty_ports_.insert(key);
      else node_ports_.emplace(key, outside);
    }
  }

  std::string text() const {
    std::string out = fmt::format("table ip {0} {{ }}\ndelete table ip {0}\ntable ip {0} {{\n", options_.table);
    out += chains_;
    append_map(out, "service-addresses", "ipv4_addr . inet_proto . inet_service", addresses_);
    append_map(out, "node-ports", "inet_proto . inet_service", node_ports_);
    append_set(out, "empty-addresses", "ipv4_addr . inet_proto . inet_service", empty_addresses_);
    append_set(out, "empty-ports", "inet_proto . inet_service", empty_ports_);
    out += hooks();
    return out + "}\n";
  }

 private:
  // Its name; "" when there is nothing to send traffic to.
  std::string chain(const Service& service, const ServicePort& port, bool local) {
    const std::vector<Target> list = targets(port, local, options_.node);
    if (list.empty()) return is_own_api(service) ? api_chain() : "";
    const std::string name = fmt::format("svc/{}/{}/{}/{}{}", service.name_space, service.name, protocol_of(port), port.port, local ? "/local" : "");
    if (!made_.insert(name).second) return name;
    const std::string protocol = protocol_of(port);
    // Each target's own chain: one that talks to itself must see another source than its own.
    std::string choice;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string target = fmt::format("{}/{}", name, i);
      chains_ += fmt::format("  chain {} {{\n    ip saddr {} meta mark set meta mark or 0x4000\n    meta l4proto {} dnat to {}:{}\n  }}\n",
                             target, list[i].address, protocol, list[i].address, list[i].port);
      choice += fmt::format("{}{} : goto {}", i == 0 ? "" : ", ", i, target);
    }
    const std::string_view by = service.affinity_seconds > 0 ? "jhash ip saddr" : "numgen random";
    chains_ += list.size() == 1 ? fmt::format("  chain {0} {{\n    goto {0}/0\n  }}\n", name)
                                : fmt::format("  chain {} {{\n    {} mod {} vmap {{ {} }}\n  }}\n", name, by, list.size(), choice);
    return name;
  }

  bool is_own_api(const Service& service) const {
    return service.name_space == "default" && service.name == "kubernetes" && !options_.api_address.empty();
  }
  std::string api_chain() {
    if (made_.insert("api").second)
      chains_ += fmt::format("  chain api {{\n    meta l4proto tcp dnat to {}\n  }}\n", options_.api_address);
    return "api";
  }

  void add_address(const std::string& address, const ServicePort& port, const std::string& to) {
    if (!is_v4(address)) return;
    const std::string key = fmt::format("{} . {} . {}", address, protocol_of(port), port.port);
    if (to.empty()) empty_addresses_.insert(key);
    else addresses_.emplace(key, to);  // the first Service that names an address keeps it
  }

  static void append_map(std::string& out, std::string_view name, std::string_view type, const std::map<std::string, std::string>& map) {
    out += fmt::format("  map {} {{\n    type {} : verdict\n", name, type);
    if (!map.empty()) {
      out += "    elements = {\n";
      for (const auto& [key, to] : map) out += fmt::format("      {} : goto {},\n", key, to);
      out += "    }\n";
    }
    out += "  }\n";
  }

  static void append_set(std::string& out, std::string_view name, std::string_view type, const std::set<std::string>& set) {
    out += fmt::format("  set {} {{\n    type {}\n", name, type);
    if (!set.empty()) {
      out += "    elements = {\n";
      for (const std::string& key : set) out += fmt::format("      {},\n", key);
      out += "    }\n";
    }
    out += "  }\n";
  }

  std::string hooks() const {
    std::string ranges;
    for (const std::string& range : options_.service_ranges) {
      if (is_v4(range)) ranges += fmt::format("    ip daddr {} reject\n", range);
    }
    return fmt::format(R"(  chain services {{
    ip daddr . meta l4proto . th dport vmap @service-addresses
    fib daddr type local meta l4proto . th dport vmap @node-ports
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }}
  chain output {{
    type nat hook output priority -100; policy accept;
    jump services
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade
    ct status dnat ip saddr {0} ip daddr {0} masquerade
    ct status dnat fib saddr type local masquerade
  }}
  chain refuse {{
    ip daddr . meta l4proto . th dport @empty-addresses reject
{1}  }}
  chain refuse-input {{
    type filter hook input priority filter; policy accept;
    iifname "{2}" ip daddr 127.0.0.0/8 ct status and dnat == 0 drop
    ct state new fib daddr type local meta l4proto . th dport @empty-ports reject
    ct state new ip daddr . meta l4proto . th dport @empty-addresses reject
  }}
  chain refuse-forward {{
    type filter hook forward priority filter; policy accept;
    ct state new jump refuse
  }}
  chain refuse-output {{
    type filter hook output priority filter; policy accept;
    ct state new jump refuse
  }}
)",
                       options_.pod_range, ranges, options_.bridge);
  }

  const RulesetOptions& options_;
  std::string chains_;
  std::set<std::string> made_;
  std::map<std::string, std::string> addresses_, node_ports_;
  std::set<std::string> empty_addresses_, empty_ports_;
};

}  // namespace

std::string services_ruleset(const ServiceTable& services, const RulesetOptions& options) {
  RulesetWriter writer(options);
  for (const auto& [key, service] : services) writer.add(service);
  return writer.text();
}

std::string remove_ruleset(const RulesetOptions& options) {
  return fmt::format("table ip {0} {{ }}\ndelete table ip {0}\n", options.table);
}

}  // namespace plinth::network
