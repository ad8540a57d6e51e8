// Node ports of Services. A number belongs to one Service; within it, ports of different protocols may share one.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "api/strategies/draft_tools.h"
#include "api/strategies/service_types.h"

namespace plinth::api {
namespace {

// Numbers left to those who ask for one by name while others are free.
std::uint64_t static_band(std::uint64_t size) {
  constexpr std::uint64_t kMin = 16, kMax = 128, kStep = 32;
  return size <= kMin ? 0 : std::clamp(size / kStep, kMin, kMax);
}

// The numbers that one write takes.
class PortRound {
 public:
  PortRound(const AllocationSettings& settings, ClaimView& claims) : settings_(settings), claims_(claims) {}

  // "" or why the number cannot be had.
  std::string take(std::int64_t number) {
    if (number < settings_.node_port_first || number > settings_.node_port_last) {
      return fmt::format("provided port is not in the valid range. The range of valid ports is {}-{}",
                         settings_.node_port_first, settings_.node_port_last);
    }
    if (!is_free(number)) return "provided port is already allocated";
    taken_.insert(number);
    return "";
  }
  std::optional<std::int64_t> take_any() {
    const auto size = static_cast<std::uint64_t>(settings_.node_port_last - settings_.node_port_first + 1);
    const auto position = pick_free(size, static_band(size), claims_, [&](std::uint64_t p) { return is_free(number_at(p)); });
    if (!position) return {};
    taken_.insert(number_at(*position));
    return number_at(*position);
  }
  bool has(std::int64_t number) const { return taken_.contains(number); }
  // Is the Service's own from before.
  void keep(std::int64_t number) { kept_.insert(number); }

 private:
  std::int64_t number_at(std::uint64_t position) const {
    return settings_.node_port_first + static_cast<std::int64_t>(position);
  }
  bool is_free(std::int64_t number) {
    return !taken_.contains(number) && !kept_.contains(number) && !claims_.is_taken(kNodePortLedger, std::to_string(number));
  }

  const AllocationSettings& settings_;
  ClaimView& claims_;
  std::set<std::int64_t> taken_, kept_;
};

Error none_left(std::string_view what) { return internal_error(fmt::format("failed to allocate a {}: range is full", what)); }

std::string node_port_path(std::size_t i) { return child(index("spec.ports", i), "nodePort"); }

// What the client asked for at any of the ports that have this number.
std::int64_t requested_for(const Value& ports, std::int64_t port) {
  for (const Value& p : ports.items()) {
    if (p["port"].as_int() == port && p["nodePort"].as_int() != 0) return p["nodePort"].as_int();
  }
  return 0;
}

// Of a creation: ports with the same number (TCP and UDP) share a node port unless the client says otherwise.
Result<void> allocate_new(Draft& draft, Value& spec, PortRound& round, FieldErrors& errors) {
  std::map<std::int64_t, std::int64_t> chosen;  // by port
  const bool all = needs_node_port(spec);
  for (std::size_t i = 0; i < spec["ports"].size(); ++i) {
    const Value port = spec["ports"].items()[i];
    const std::int64_t number = port["port"].as_int(), asked = port["nodePort"].as_int();
    if (asked == 0 && !all) continue;
    std::int64_t node_port = chosen[number];
    if (node_port != 0 && (asked == 0 || asked == node_port)) {
      if (asked == 0) draft.set(draft.item(*draft.mutable_find(spec, "ports"), i), "nodePort", Value::of(node_port));
      continue;
    }
    const std::int64_t wanted = node_port != 0 ? asked : requested_for(spec["ports"], number);
    if (wanted != 0) {
      if (const std::string why = round.take(wanted); !why.empty()) {
        errors.push_back(field_invalid(node_port_path(i), Value::of(wanted), why));
        return {};
      }
      node_port = wanted;
    } else {
      const auto any = round.take_any();
      if (!any) return none_left("nodePort");
      node_port = *any;
    }
    if (chosen[number] == 0) chosen[number] = node_port;
    draft.set(draft.item(*draft.mutable_find(spec, "ports"), i), "nodePort", Value::of(node_port));
  }
  return {};
}

Result<void> allocate_changed(Draft& draft, Value& spec, const std::set<std::int64_t>& old_ports, PortRound& round,
                              FieldErrors& errors) {
  const bool all = needs_node_port(spec);
  for (std::size_t i = 0; i < spec["ports"].size(); ++i) {
    const std::int64_t asked = spec["ports"].items()[i]["nodePort"].as_int();
    if (asked == 0 && !all) continue;
    if (asked != 0) {
      if (old_ports.contains(asked) || round.has(asked)) continue;
      if (const std::string why = round.take(asked); !why.empty()) {
        errors.push_back(field_invalid(node_port_path(i), Value::of(asked), why));
        return {};
      }
      continue;
    }
    const auto any = round.take_any();
    if (!any) return none_left("nodePort");
    draft.set(draft.item(*draft.mutable_find(spec, "ports"), i), "nodePort", Value::of(*any));
  }
  return {};
}

Result<void> allocate_health_check(Draft& draft, Value& spec, PortRound& round) {
  const std::int64_t asked = spec["healthCheckNodePort"].as_int();
  if (asked != 0) {
    const std::string why = round.take(asked);
    if (why.empty()) return {};
    return internal_error(fmt::format("failed to allocate requested HealthCheck NodePort {}: {}", asked, why));
  }
  const auto any = round.take_any();
  if (!any) return none_left("HealthCheck NodePort 0");
  draft.set(spec, "healthCheckNodePort", Value::of(*any));
  return {};
}

bool may_have_node_ports(const Value& spec) { return spec["type"].as_string() == "NodePort" || is_load_balancer(spec); }

}  // namespace

std::vector<std::int64_t> node_ports_of(const Value& spec) {
  std::vector<std::int64_t> out;
  for (const Value& port : spec["ports"].items()) {
    if (port["nodePort"].as_int() != 0) out.push_back(port["nodePort"].as_int());
  }
  if (needs_health_check(spec) && spec["healthCheckNodePort"].as_int() != 0)
    out.push_back(spec["healthCheckNodePort"].as_int());
  return out;
}

Result<void> allocate_node_ports(Draft& draft, Value& spec, const Value& before, const AllocationSettings& settings,
                                 ClaimView& claims, FieldErrors& errors) {
  PortRound round(settings, claims);
  std::set<std::int64_t> old_ports;
  for (const Value& port : before["ports"].items()) {
    if (port["nodePort"].as_int() != 0) old_ports.insert(port["nodePort"].as_int());
  }
  for (const std::int64_t number : node_ports_of(before)) round.keep(number);
  if (may_have_node_ports(spec)) {
    TRY(before.is_null() ? allocate_new(draft, spec, round, errors) : allocate_changed(draft, spec, old_ports, round, errors));
  }
  if (errors.empty() && needs_health_check(spec) && !needs_health_check(before)) TRY(allocate_health_check(draft, spec, round));
  return {};
}

}  // namespace plinth::api
