#include "network/services/ruleset.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace plinth::network {
namespace {

// Of one endpoint that are remembered; more are served without affinity.
constexpr int kAffinityClientsMax = 65535;

constexpr std::string_view kAddressKey = "ipv4_addr . inet_proto . inet_service", kPortKey = "inet_proto . inet_service";

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

// A map from what packets ask for to the chain that decides, and those for whom there is none.
struct Asked {
  std::map<std::string, std::string> chains;
  std::set<std::string> empty;
  // The first Service that names a key keeps it.
  void add(std::string key, const std::string& to) {
    if (to.empty())
      empty.insert(std::move(key));
    else
      chains.emplace(std::move(key), to);
  }
};

class RulesetWriter {
 public:
  explicit RulesetWriter(const RulesetOptions& options) : options_(options) {}

  void add(const Service& service) {
    if (service.type == "ExternalName") return;
    for (const ServicePort& port : service.ports) {
      const std::string inside = chain(service, port, service.internal_local);
      for (const std::string& address : service.cluster_ips) add_address(inside_, address, port, inside);
      if (service.external_ips.empty() && service.balancer_ips.empty() && port.node_port == 0) continue;
      const std::string outside = chain(service, port, service.external_local);
      for (const std::string& address : service.external_ips) add_address(outside_, address, port, outside);
      const std::string balanced = for_sources(service, outside);
      for (const std::string& address : service.balancer_ips) add_address(outside_, address, port, balanced);
      if (port.node_port != 0) ports_.add(fmt::format("{} . {}", protocol_of(port), port.node_port), outside);
    }
  }

  Ruleset finish(const TableContent* there) {
    Ruleset out;
    const std::string begin = begin_text(there != nullptr);
    const std::string hooks = hooks_text();
    out.content.sets = affinity_;
    for (const auto& [name, rules] : chains_) out.content.chains.insert(name);
    out.text =
        begin + (there != nullptr ? removal_text(*there, out.content) : "") + fmt::format("table ip {} {{\n", options_.table);
    out.text += sets_;
    for (const auto& [name, rules] : chains_) out.text += fmt::format("  chain {} {{\n{}  }}\n", name, rules);
    out.text += elements_text() + hooks + "}\n";
    return out;
  }

 private:
  // Its name; "" when there is nothing to send traffic to.
  std::string chain(const Service& service, const ServicePort& port, bool local) {
    const std::vector<Target> list = targets(port, local, options_.node);
    if (list.empty()) return "";
    const std::string protocol = protocol_of(port);
    const std::string name =
        fmt::format("svc/{}/{}/{}/{}{}", service.name_space, service.name, protocol, port.port, local ? "/local" : "");
    if (chains_.count(name) > 0) return name;
    std::string known, choice;
    for (const Target& target : list) {
      const std::string to = fmt::format("{}/{}/{}", name, target.address, target.port);
      choice += fmt::format("{}{} : goto {}", choice.empty() ? "" : ", ", &target - list.data(), to);
      std::string& rules = chains_[to];
      if (service.affinity_seconds > 0) {
        const std::string clients = affinity_set(to, service.affinity_seconds);
        known += fmt::format("    ip saddr @{} goto {}\n", clients, to);
        rules += fmt::format("    update @{} {{ ip saddr }}\n", clients);
      }
      // One that talks to itself must see another source than its own.
      rules += fmt::format("    ip saddr {0} meta mark set meta mark or 0x4000\n    meta l4proto {1} dnat to {0}:{2}\n",
                           target.address, protocol, target.port);
    }
    const std::string any = list.size() == 1 ? fmt::format("    goto {}/{}/{}\n", name, list[0].address, list[0].port)
                                             : fmt::format("    numgen random mod {} vmap {{ {} }}\n", list.size(), choice);
    chains_[name] = known + any;
    return name;
  }

  // Of clients in the ranges of a load balancer alone; others get no answer, as with a firewall before it.
  std::string for_sources(const Service& service, const std::string& to) {
    if (service.balancer_sources.empty() || to.empty()) return to;
    std::string ranges;
    for (const std::string& range : service.balancer_sources) {
      if (is_v4(range)) ranges += fmt::format("{}{}", ranges.empty() ? "" : ", ", trim(range));
    }
    std::string name = to + "/sources";
    chains_[name] = (ranges.empty() ? "" : fmt::format("    ip saddr {{ {} }} goto {}\n", ranges, to)) + "    drop\n";
    return name;
  }

  // Clients of the last so many seconds. The time is in the name: a set's own cannot be changed.
  std::string affinity_set(const std::string& target, std::int64_t seconds) {
    std::string name = fmt::format("affinity/{}/{}", seconds, target.substr(4));
    affinity_.insert(name);
    sets_ += fmt::format("  set {} {{\n    type ipv4_addr\n    size {}\n    flags dynamic,timeout\n    timeout {}s\n  }}\n",
                         name, kAffinityClientsMax, seconds);
    return name;
  }

  static void add_address(Asked& asked, const std::string& address, const ServicePort& port, const std::string& to) {
    if (is_v4(address)) asked.add(fmt::format("{} . {} . {}", address, protocol_of(port), port.port), to);
  }

  struct NamedMap {
    std::string_view map, empty, key;
    const Asked* asked;
  };
  std::vector<NamedMap> maps() const {
    return {{"service-addresses", "empty-services", kAddressKey, &inside_},
            {"outside-addresses", "empty-outside", kAddressKey, &outside_},
            {"node-ports", "empty-ports", kPortKey, &ports_}};
  }

  // The table with its maps, empty; rules are gone.
  std::string begin_text(bool keep) const {
    std::string out =
        fmt::format("table ip {0} {{ }}\n{1} table ip {0}\ntable ip {0} {{\n", options_.table, keep ? "flush" : "delete");
    for (const NamedMap& one : maps())
      out += fmt::format("  map {} {{ type {} : verdict; }}\n  set {} {{ type {}; }}\n", one.map, one.key, one.empty, one.key);
    out += "}\n";
    if (!keep) return out;
    for (const NamedMap& one : maps())
      out += fmt::format("flush map ip {0} {1}\nflush set ip {0} {2}\n", options_.table, one.map, one.empty);
    return out;
  }

  std::string removal_text(const TableContent& there, const TableContent& wanted) const {
    std::string out;
    for (const std::string& name : there.chains) {
      if (wanted.chains.count(name) == 0) out += fmt::format("delete chain ip {} {}\n", options_.table, name);
    }
    for (const std::string& name : there.sets) {
      if (wanted.sets.count(name) == 0) out += fmt::format("delete set ip {} {}\n", options_.table, name);
    }
    return out;
  }

  std::string elements_text() const {
    std::string out;
    for (const NamedMap& one : maps()) {
      if (!one.asked->chains.empty()) {
        out += fmt::format("  map {} {{\n    type {} : verdict\n    elements = {{\n", one.map, one.key);
        for (const auto& [key, to] : one.asked->chains) out += fmt::format("      {} : goto {},\n", key, to);
        out += "    }\n  }\n";
      }
      if (one.asked->empty.empty()) continue;
      out += fmt::format("  set {} {{\n    type {}\n    elements = {{\n", one.empty, one.key);
      for (const std::string& key : one.asked->empty) out += fmt::format("      {},\n", key);
      out += "    }\n  }\n";
    }
    return out;
  }

  // What pods ask of nobody is refused before it is routed: on its way back to their link they would be told to ask there
  // themselves.
  std::string hooks_text() const {
    std::string ranges, between_pods, own;
    if (!options_.gateway.empty())
      own = fmt::format("    iifname != {{ \"{}\", \"lo\" }} ip daddr {} ct status and dnat == 0 drop\n", options_.bridge,
                        options_.gateway);
    for (const std::string& range : options_.service_ranges) {
      if (is_v4(range)) ranges += fmt::format("    ip daddr {} reject\n", range);
    }
    if (!options_.bridge_is_filtered)
      between_pods = fmt::format("    ct status dnat ip saddr {0} ip daddr {0} masquerade\n", options_.pod_range);
    return fmt::format(R"(  chain outside {{
    ip daddr . meta l4proto . th dport vmap @outside-addresses
    fib daddr type local meta l4proto . th dport vmap @node-ports
  }}
  chain services {{
    ip daddr . meta l4proto . th dport vmap @service-addresses
    jump outside
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname "{0}" jump services
    iifname != "{0}" jump outside
  }}
  chain output {{
    type nat hook output priority -100; policy accept;
    jump services
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade
{1}    ct status dnat fib saddr type local masquerade
  }}
  chain refuse-outside {{
    ip daddr . meta l4proto . th dport @empty-outside reject
    fib daddr type local meta l4proto . th dport @empty-ports reject
  }}
  chain refuse {{
    ip daddr . meta l4proto . th dport @empty-services reject
    jump refuse-outside
{2}  }}
  chain refuse-pods {{
    type filter hook prerouting priority -90; policy accept;
    iifname "{0}" ct state new jump refuse
  }}
  chain refuse-input {{
    type filter hook input priority filter; policy accept;
    iifname "{0}" ip daddr 127.0.0.0/8 ct status and dnat == 0 drop
{3}    ct state new jump refuse-outside
  }}
  chain refuse-forward {{
    type filter hook forward priority filter; policy accept;
    ct state new jump refuse-outside
  }}
  chain refuse-output {{
    type filter hook output priority filter; policy accept;
    ct state new jump refuse
  }}
)",
                       options_.bridge, between_pods, ranges, own);
  }

  const RulesetOptions& options_;
  std::map<std::string, std::string> chains_;  // of Services: rules by name
  std::string sets_;
  std::set<std::string> affinity_;  // names of sets
  Asked inside_, outside_, ports_;
};

}  // namespace

Ruleset services_ruleset(const ServiceTable& services, const RulesetOptions& options, const TableContent* there) {
  RulesetWriter writer(options);
  for (const auto& [key, service] : services) writer.add(service);
  return writer.finish(there);
}

std::string remove_ruleset(const RulesetOptions& options) {
  return fmt::format("table ip {0} {{ }}\ndelete table ip {0}\n", options.table);
}

TableContent table_content(std::string_view listed) {
  TableContent out;
  for (std::string_view line : split(listed, '\n')) {
    line = trim(line);
    if (!line.ends_with(" {")) continue;
    line.remove_suffix(2);
    if (line.starts_with("chain svc/")) out.chains.emplace(line.substr(6));
    if (line.starts_with("set affinity/")) out.sets.emplace(line.substr(4));
  }
  return out;
}

}  // namespace plinth::network
