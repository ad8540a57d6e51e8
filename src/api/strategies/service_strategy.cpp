// Services: what their type implies. Addresses and node ports themselves are given out by the server.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "api/strategies/draft_tools.h"
#include "api/strategies/pod_rules.h"
#include "api/strategies/service_types.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kAffinitySeconds = 10800;
constexpr std::int64_t kAffinitySecondsMax = 86400;
constexpr std::size_t kClusterIpsMax = 2;

void default_affinity(Draft& draft, Value& spec) {
  const std::string_view affinity = spec["sessionAffinity"].as_string();
  if (affinity == "None") draft.remove(spec, "sessionAffinityConfig");
  if (affinity != "ClientIP" || spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].is_int()) return;
  Value client = draft.object();
  draft.set(client, "timeoutSeconds", Value::of(kAffinitySeconds));
  Value config = draft.object();
  draft.set(config, "clientIP", client);
  draft.set(spec, "sessionAffinityConfig", config);
}

void default_service(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    set_default(draft, spec, "sessionAffinity", Value::ref("None"));
    set_default(draft, spec, "type", Value::ref("ClusterIP"));
    default_affinity(draft, spec);
    change_items(draft, spec, "ports", [&](Value& port) {
      set_default(draft, port, "protocol", Value::ref("TCP"));
      const Value target = port["targetPort"];
      if (is_unset(port, "targetPort") || (target.is_int() && target.as_int() == 0))
        draft.set(port, "targetPort", port["port"]);
    });
    if (is_externally_accessible(spec)) set_default(draft, spec, "externalTrafficPolicy", Value::ref("Cluster"));
    if (needs_cluster_ip(spec)) set_default(draft, spec, "internalTrafficPolicy", Value::ref("Cluster"));
    if (is_load_balancer(spec)) set_default(draft, spec, "allocateLoadBalancerNodePorts", Value::of(true));
  });
}

// clusterIP is the first of clusterIPs.
void set_cluster_ips(Draft& draft, Value& spec) {
  Value list = draft.array();
  draft.push(list, spec["clusterIP"]);
  draft.set(spec, "clusterIPs", list);
}

void prepare_service(Draft& draft) {
  Value& spec = object_member(draft, draft.root(), "spec");
  if (!is_unset(spec, "clusterIP") && spec["clusterIPs"].size() == 0) set_cluster_ips(draft, spec);
  if (is_unset(spec, "clusterIP") && spec["clusterIPs"].size() > 0) draft.set(spec, "clusterIP", spec["clusterIPs"].items()[0]);
}

// A PUT written without the addresses keeps them.
void keep_cluster_ips(Draft& draft, Value& spec, const Value& before) {
  if (!needs_cluster_ip(before) || !needs_cluster_ip(spec)) return;
  const bool same_list = same(spec["clusterIPs"], before["clusterIPs"]);
  if (is_unset(spec, "clusterIP") && spec["clusterIPs"].size() == 0)
    draft.set(spec, "clusterIP", draft.clone(before["clusterIP"]));
  if (equal(spec["clusterIP"], before["clusterIP"])) {
    if (spec["clusterIPs"].size() == 0) draft.set(spec, "clusterIPs", draft.clone(before["clusterIPs"]));
  } else if (is_unset(spec, "clusterIP")) {
    if (same_list) draft.remove(spec, "clusterIPs");
  } else if (same_list || spec["clusterIPs"].size() == 0) {
    set_cluster_ips(draft, spec);
  }
  for (const std::string_view member : {"ipFamilies", "ipFamilyPolicy"}) {
    if (spec[member].is_null() && !before[member].is_null()) draft.set(spec, member, draft.clone(before[member]));
  }
}

bool has_node_port(const Value& ports, std::int64_t node_port) {
  return std::any_of(ports.items().begin(), ports.items().end(),
                     [&](const Value& port) { return port["nodePort"].as_int() == node_port; });
}

void keep_node_ports(Draft& draft, Value& spec, const Value& before) {
  if (!needs_node_port(before) || !needs_node_port(spec)) return;
  const Value old_ports = before["ports"];
  change_items(draft, spec, "ports", [&](Value& port) {
    if (port["nodePort"].as_int() != 0) return;
    for (const Value& old : old_ports.items()) {
      const std::int64_t number = old["nodePort"].as_int();
      if (number == 0 || !same(old["name"], port["name"]) || has_node_port(spec["ports"], number)) continue;
      draft.set(port, "nodePort", Value::of(number));
      return;
    }
  });
}

void remove_unchanged(Draft& draft, Value& spec, const Value& before, std::string_view member) {
  if (!spec[member].is_null() && same(spec[member], before[member])) draft.remove(spec, member);
}

// What belonged to the old type goes when the client did not change it.
void drop_with_type(Draft& draft, Value& spec, const Value& before) {
  if (needs_cluster_ip(before) && !needs_cluster_ip(spec)) {
    for (const std::string_view member : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
      remove_unchanged(draft, spec, before, member);
    }
  }
  if (needs_node_port(before) && !needs_node_port(spec)) {
    change_items(draft, spec, "ports", [&](Value& port) {
      if (has_node_port(before["ports"], port["nodePort"].as_int())) draft.remove(port, "nodePort");
    });
  }
  if (needs_health_check(before) && !needs_health_check(spec)) remove_unchanged(draft, spec, before, "healthCheckNodePort");
  if (is_load_balancer(before) && !is_load_balancer(spec)) {
    remove_unchanged(draft, spec, before, "allocateLoadBalancerNodePorts");
    remove_unchanged(draft, spec, before, "loadBalancerClass");
  }
  if (is_externally_accessible(before) && !is_externally_accessible(spec)) {
    remove_unchanged(draft, spec, before, "externalTrafficPolicy");
  }
}

void prepare_service_update(Draft& draft, const Value& old) {
  const Value before = old["spec"];
  Value& spec = object_member(draft, draft.root(), "spec");
  drop_with_type(draft, spec, before);
  keep_cluster_ips(draft, spec, before);
  keep_node_ports(draft, spec, before);
  if (needs_health_check(before) && needs_health_check(spec) && spec["healthCheckNodePort"].as_int() == 0) {
    draft.set(spec, "healthCheckNodePort", before["healthCheckNodePort"]);
  }
  if (!is_load_balancer(spec) && draft.root()["status"]["loadBalancer"].is_object()) {
    draft.set(*draft.mutable_find(draft.root(), "status"), "loadBalancer", draft.object());
  }
}

void validate_type(const FieldRef& spec) {
  const FieldRef type = spec["type"];
  const bool headless = is_headless(spec.value());
  if (spec["ports"].empty() && !headless && !type.is("ExternalName")) spec["ports"].required();
  if (headless && (type.is("LoadBalancer") || type.is("NodePort"))) {
    spec["clusterIPs"].item(0).invalid(fmt::format("may not be set to 'None' for {} services", type.text()));
  }
  if (!type.is("ExternalName")) return;
  for (const std::string_view member : {"clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
    if (!spec[member].empty()) spec[member].forbidden("may not be set for ExternalName services");
  }
  const FieldRef name = spec["externalName"];
  std::string_view text = name.text();
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return name.required();
  for (std::string& problem : check_dns1123_subdomain(text)) name.invalid(text, std::move(problem));
}

void validate_port(const FieldRef& port, bool name_needed, std::set<std::string_view>& names) {
  const FieldRef name = port["name"];
  if (name_needed && name.empty()) name.required();
  name.check(check_dns1123_label);
  if (!name.empty() && !names.insert(name.text()).second) name.duplicate();
  port["port"].port();
  validate_port_number_or_name(port["targetPort"]);
  port["appProtocol"].check(check_label_key);
}

void validate_ports(const FieldRef& spec) {
  const FieldRef ports = spec["ports"];
  std::set<std::string_view> names;
  std::set<std::pair<std::string_view, std::int64_t>> numbers, node_ports;
  ports.each_item([&](const FieldRef& port, std::size_t) {
    const std::string_view protocol = port["protocol"].text();
    const FieldRef node_port = port["nodePort"];
    validate_port(port, ports.size() > 1, names);
    if (node_port.number() != 0) {
      if (spec["type"].is("ClusterIP")) node_port.forbidden("may not be used when `type` is 'ClusterIP'");
      if (!node_ports.insert({protocol, node_port.number()}).second) node_port.duplicate();
    }
    if (!numbers.insert({protocol, port["port"].number()}).second) port.duplicate();
  });
}

void validate_affinity_config(const FieldRef& spec) {
  const FieldRef config = spec["sessionAffinityConfig"];
  if (spec["sessionAffinity"].is("None") && config.present()) {
    config.forbidden("must not be set when session affinity is None");
  }
  const FieldRef seconds = config["clientIP.timeoutSeconds"];
  if (seconds.present() && (seconds.number() <= 0 || seconds.number() > kAffinitySecondsMax)) {
    seconds.invalid(fmt::format("must be greater than 0 and less than {}", kAffinitySecondsMax));
  }
}

void validate_family_of_ips(const FieldRef& ips, const FieldRef& families) {
  for (std::size_t i = 0; i < ips.size() && i < families.size(); ++i) {
    const FieldRef ip = ips.item(i);
    const std::string_view family = families.item(i).text();
    if ((family == "IPv6") != is_ipv6(ip.text())) {
      ip.invalid(fmt::format("expected an {} value as indicated by `ipFamilies[{}]`", family, i));
    }
  }
}

void validate_outside(const FieldRef& spec) {
  spec["externalIPs"].each_item([](const FieldRef& ip, std::size_t) {
    const std::size_t before = ip.errors().size();
    ip.check_required(check_ip_address);
    if (ip.errors().size() == before) validate_routable(ip);
  });
  const bool balanced = is_load_balancer(spec.value());
  const FieldRef ranges = spec["loadBalancerSourceRanges"];
  if (!ranges.empty() && !balanced) {
    ranges.errors().push_back(
        field_forbidden(child(spec.path(), "LoadBalancerSourceRanges"), "may only be used when `type` is 'LoadBalancer'"));
  }
  ranges.each_item([](const FieldRef& range, std::size_t) { range.check_required(check_cidr_block); });
  for (const std::string_view member : {"allocateLoadBalancerNodePorts", "loadBalancerClass"}) {
    if (spec[member].present() && !balanced) spec[member].forbidden("may only be used when `type` is 'LoadBalancer'");
  }
  const FieldRef policy = spec["externalTrafficPolicy"];
  if (!policy.empty() && !is_externally_accessible(spec.value())) {
    policy.invalid("may only be set for externally-accessible services");
  }
  const FieldRef check = spec["healthCheckNodePort"];
  if (check.number() == 0) return;
  if (!needs_health_check(spec.value())) {
    check.invalid("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  } else {
    check.port();
  }
}

void validate_service(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  validate_type(spec);
  validate_ports(spec);
  spec["selector"].labels();
  validate_affinity_config(spec);
  validate_cluster_ips(spec);
  validate_outside(spec);
}

void validate_service_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const Value before = old["spec"];
  if (needs_cluster_ip(before) && needs_cluster_ip(spec.value())) validate_kept_ips(spec, before);
  if (is_load_balancer(before) && is_load_balancer(spec.value())) {
    spec["loadBalancerClass"].immutable(before["loadBalancerClass"], "may not change once set");
  }
  if (needs_health_check(before) && needs_health_check(spec.value()) &&
      !same(spec["healthCheckNodePort"].value(), before["healthCheckNodePort"])) {
    spec["healthCheckNodePort"].forbidden("field is immutable");
  }
}

void validate_service_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef ingress = root["status.loadBalancer.ingress"];
  if (!ingress.empty() && !is_load_balancer(root["spec"].value())) {
    ingress.forbidden("may only be used when `spec.type` is 'LoadBalancer'");
  }
  ingress.each_item([](const FieldRef& entry, std::size_t) {
    const FieldRef name = entry["hostname"];
    entry["ip"].check(check_ip_address);
    name.check(check_dns1123_subdomain);
    if (is_ipv4(name.text()) || is_ipv6(name.text())) name.invalid("must be a DNS name, not an IP address");
  });
}

constexpr Strategy kStrategies[] = {
    {.group = "",
     .kind = "Service",
     .default_ = default_service,
     .prepare_for_create = prepare_service,
     .prepare_for_update = prepare_service_update,
     .validate = validate_service,
     .validate_update = validate_service_update,
     .validate_status_update = validate_service_status,
     .allocator = &kServiceAllocator},
};

}  // namespace

bool is_load_balancer(const Value& spec) { return spec["type"].as_string() == "LoadBalancer"; }

bool is_headless(const Value& spec) {
  const Value ips = spec["clusterIPs"];
  return ips.size() == 1 && ips.items()[0].as_string() == "None";
}

bool needs_cluster_ip(const Value& spec) {
  const std::string_view type = spec["type"].as_string();
  return type == "ClusterIP" || type == "NodePort" || type == "LoadBalancer";
}

bool needs_node_port(const Value& spec) {
  const Value allocate = spec["allocateLoadBalancerNodePorts"];
  return spec["type"].as_string() == "NodePort" || (is_load_balancer(spec) && (allocate.is_null() || allocate.as_bool()));
}

bool needs_health_check(const Value& spec) {
  return is_load_balancer(spec) && spec["externalTrafficPolicy"].as_string() == "Local";
}

bool is_externally_accessible(const Value& spec) {
  const std::string_view type = spec["type"].as_string();
  return type == "LoadBalancer" || type == "NodePort" || (type == "ClusterIP" && spec["externalIPs"].size() > 0);
}

void validate_cluster_ips(const FieldRef& spec) {
  if (spec["type"].is("ExternalName")) return;
  const FieldRef ips = spec["clusterIPs"];
  const FieldRef ip = spec["clusterIP"];
  const FieldRef families = spec["ipFamilies"];
  if (!ip.empty() && ips.empty()) ips.required();
  if (!ip.empty() && !ips.empty() && !ips.item(0).is(ip.text())) ips.invalid("first value must match `clusterIP`");
  if (ip.empty() && !ips.empty()) ips.invalid("must be empty when `clusterIP` is not specified");
  std::set<std::string_view> seen;
  families.each_item([&](const FieldRef& family, std::size_t) {
    if (!seen.insert(family.text()).second) family.duplicate();
  });
  if (!ips.empty() && ips.item(0).is("None")) {
    if (ips.size() > 1) ips.invalid("'None' must be the first and only value");
    return;
  }
  const std::size_t before = ips.errors().size();
  ips.each_item([](const FieldRef& one, std::size_t) { one.check_required(check_ip_address); });
  if (ips.size() > kClusterIpsMax) ips.invalid("may only hold up to 2 values");
  if (ips.errors().size() != before) return;
  if (ips.size() == kClusterIpsMax && is_ipv6(ips.item(0).text()) == is_ipv6(ips.item(1).text())) {
    ips.invalid("may specify no more than one IP for each IP family");
  }
  validate_family_of_ips(ips, families);
}

void validate_kept_ips(const FieldRef& spec, const Value& before) {
  const FieldRef ips = spec["clusterIPs"];
  const Value old_ips = before["clusterIPs"];
  if (old_ips.size() == 0) return;
  if (ips.empty()) {
    ips.errors().push_back(field_invalid(index(ips.path(), 0), ips.value(), "primary clusterIP can not be unset"));
    return;
  }
  for (std::size_t i = 0; i < std::min(old_ips.size(), ips.size()); ++i) {
    if (!equal(ips.item(i).value(), old_ips.items()[i])) {
      ips.errors().push_back(field_invalid(index(ips.path(), i), ips.value(), "may not change once set"));
    }
  }
  if (ips.size() < old_ips.size() && !spec["ipFamilyPolicy"].is("SingleStack")) {
    spec["ipFamilyPolicy"].invalid("must be set to 'SingleStack' when releasing the secondary clusterIP");
  }
}

void validate_routable(const FieldRef& ip) {
  const std::string_view text = ip.text();
  if (text == "0.0.0.0" || text == "::") ip.invalid(fmt::format("may not be unspecified ({})", text));
  if (text.starts_with("127.") || text == "::1") ip.invalid("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (text.starts_with("169.254.") || text.starts_with("fe80:")) {
    ip.invalid("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (text.starts_with("224.0.0.") || text.starts_with("ff02:")) {
    ip.invalid("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

std::span<const Strategy> service_strategies() { return kStrategies; }

}  // namespace plinth::api
