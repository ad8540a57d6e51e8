// Endpoints, endpoint slices, ingresses and their classes, network policies, service addresses.
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

constexpr std::size_t kEndpointsMax = 1000;
constexpr std::size_t kSlicePortsMax = 20000;
constexpr std::size_t kSliceAddressesMax = 100;
constexpr std::size_t kControllerNameMax = 250;

void validate_subset(const FieldRef& subset) {
  const FieldRef ports = subset["ports"];
  if (subset["addresses"].empty() && subset["notReadyAddresses"].empty()) {
    subset.required("must specify `addresses` or `notReadyAddresses`");
  }
  for (const std::string_view list : {"addresses", "notReadyAddresses"}) {
    subset[list].each_item([](const FieldRef& address, std::size_t) {
      const FieldRef ip = address["ip"];
      const std::size_t before = ip.errors().size();
      ip.check_required(check_ip_address);
      if (ip.errors().size() == before) validate_routable(ip);
      address["hostname"].check(check_dns1123_label);
      address["nodeName"].check(check_dns1123_subdomain);
    });
  }
  ports.each_item([&](const FieldRef& port, std::size_t) {
    if (ports.size() > 1) port["name"].require();
    port["name"].check(check_dns1123_label);
    port["port"].port();
    port["appProtocol"].check(check_label_key);
  });
}

void validate_endpoints(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["subsets"].each_item([](const FieldRef& subset, std::size_t) { validate_subset(subset); });
}

// Complaints stand at the list, as upstream has it.
void validate_address(const FieldRef& addresses, const FieldRef& address, std::string_view type) {
  if (type == "IPv4" && !is_ipv4(address.text())) addresses.invalid(address.text(), "must be an IPv4 address");
  if (type == "IPv6" && !is_ipv6(address.text())) addresses.invalid(address.text(), "must be an IPv6 address");
  if (type != "FQDN") return;
  for (std::string& problem : check_dns1123_subdomain(address.text())) addresses.invalid(address.text(), std::move(problem));
}

void validate_slice(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef endpoints = root["endpoints"];
  const FieldRef ports = root["ports"];
  const std::string_view type = root["addressType"].text();
  if (endpoints.size() > kEndpointsMax) endpoints.too_many(static_cast<std::int64_t>(kEndpointsMax));
  endpoints.each_item([&](const FieldRef& endpoint, std::size_t) {
    const FieldRef addresses = endpoint["addresses"];
    if (addresses.size() > kSliceAddressesMax) addresses.too_many(static_cast<std::int64_t>(kSliceAddressesMax));
    if (addresses.require("must contain at least 1 address")) {
      addresses.each_item([&](const FieldRef& address, std::size_t) { validate_address(addresses, address, type); });
    }
    endpoint["hostname"].check(check_dns1123_label);
    endpoint["nodeName"].check(check_dns1123_subdomain);
  });
  if (ports.size() > kSlicePortsMax) ports.too_many(static_cast<std::int64_t>(kSlicePortsMax));
  std::set<std::string_view> names;
  ports.each_item([&](const FieldRef& port, std::size_t) {
    port["name"].check(check_dns1123_label);
    if (!names.insert(port["name"].text()).second) port["name"].duplicate();
    port["appProtocol"].check(check_label_key);
  });
}

void validate_slice_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["addressType"].immutable(old["addressType"]);
}

constexpr std::string_view kBadPathParts[] = {"//", "/./", "/../", "%2f", "%2F"};
constexpr std::string_view kBadPathEnds[] = {"/..", "/."};

void validate_backend(const FieldRef& backend) {
  const FieldRef service = backend["service"];
  const FieldRef resource = backend["resource"];
  if (resource.present() && service.present()) return backend.invalid("", "cannot set both resource and service backends");
  if (!resource.present() && !service.present()) return backend.invalid("", "resource or service backend is required");
  if (resource.present()) {
    resource["kind"].require();
    resource["name"].require();
    return;
  }
  const FieldRef name = service["port.name"];
  const FieldRef number = service["port.number"];
  service["name"].check_required(check_dns1035_label);
  if (!name.empty() && number.number() != 0) return backend.invalid("", "cannot set both port name & port number");
  if (!name.empty()) return name.check(check_port_name);
  if (number.number() == 0) return backend.required("port name or number is required");
  number.port();
}

void validate_path(const FieldRef& at) {
  const FieldRef path = at["path"];
  const FieldRef type = at["pathType"];
  validate_backend(at["backend"]);
  if (!type.present()) return type.required("pathType must be specified");
  type.one_of({"Exact", "ImplementationSpecific", "Prefix"});
  const std::string_view text = path.text();
  if (type.is("ImplementationSpecific")) {
    if (!text.empty() && text.front() != '/') path.invalid("must be an absolute path");
    return;
  }
  if (!text.starts_with('/')) path.invalid("must be an absolute path");
  for (const std::string_view part : kBadPathParts) {
    if (text.find(part) != std::string_view::npos) path.invalid(fmt::format("must not contain '{}'", part));
  }
  for (const std::string_view end : kBadPathEnds) {
    if (text.ends_with(end)) path.invalid(fmt::format("cannot end with '{}'", end));
  }
}

void validate_host(const FieldRef& host) {
  const std::string_view text = host.text();
  if (is_ipv4(text) || is_ipv6(text)) host.invalid("must be a DNS name, not an IP address");
  host.check(text.find('*') != std::string_view::npos ? check_wildcard_subdomain : check_dns1123_subdomain);
}

void validate_ingress(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef fallback = spec["defaultBackend"];
  if (spec["rules"].empty() && !fallback.present()) {
    spec.invalid(spec["rules"].text(), "either `defaultBackend` or `rules` must be specified");
  }
  if (fallback.present()) validate_backend(fallback);
  spec["rules"].each_item([](const FieldRef& rule, std::size_t) {
    const FieldRef http = rule["http"];
    validate_host(rule["host"]);
    if (!http.present()) return;
    http["paths"].require();
    http["paths"].each_item([](const FieldRef& path, std::size_t) { validate_path(path); });
  });
  spec["tls"].each_item([](const FieldRef& tls, std::size_t) {
    tls["hosts"].each_item([](const FieldRef& host, std::size_t) {
      host.check(host.text().find('*') != std::string_view::npos ? check_wildcard_subdomain : check_dns1123_subdomain);
    });
    tls["secretName"].check(check_dns1123_subdomain);
  });
  spec["ingressClassName"].check(check_dns1123_subdomain);
}

void validate_new_ingress(const Value& object, FieldErrors& errors) {
  const Value annotation = object["metadata"]["annotations"]["kubernetes.io/ingress.class"];
  const Value name = object["spec"]["ingressClassName"];
  if (annotation.is_null() || name.is_null() || equal(annotation, name)) return;
  errors.push_back(field_invalid("annotations.kubernetes.io/ingress.class", annotation,
                                 "must match `ingressClassName` when both are specified"));
}

void validate_ingress_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["status.loadBalancer.ingress"].each_item([](const FieldRef& entry, std::size_t) {
    entry["ip"].check(check_ip_address);
    validate_host(entry["hostname"]);
  });
}

// "example.com/controller"
void validate_controller_name(const FieldRef& name) {
  const std::string_view text = name.text();
  const std::size_t slash = text.find('/');
  if (text.size() > kControllerNameMax) name.too_long(static_cast<std::int64_t>(kControllerNameMax));
  if (text.empty()) return name.required();
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return name.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")");
  }
  for (std::string& problem : check_dns1123_subdomain(text.substr(0, slash)))
    name.invalid(text.substr(0, slash), std::move(problem));
}

void validate_ingress_class(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef parameters = root["spec.parameters"];
  validate_controller_name(root["spec.controller"]);
  if (!parameters.present()) return;
  const FieldRef home = parameters["namespace"];
  parameters["apiGroup"].check(check_dns1123_subdomain);
  parameters["kind"].check(check_path_segment_name);
  parameters["name"].check(check_path_segment_name);
  if (parameters["scope"].is("Namespace")) {
    home.check_required(check_dns1123_label, "`parameters.scope` is set to 'Namespace'");
  } else if (home.present()) {
    home.forbidden("`parameters.scope` is set to 'Cluster'");
  }
}

void validate_ingress_class_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec.controller"].immutable(old["spec"]["controller"]);
}

// A policy with egress rules is about egress too.
void default_network_policy(Draft& draft) {
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    if (spec["policyTypes"].size() != 0) return;
    Value types = draft.array();
    draft.push(types, Value::ref("Ingress"));
    if (spec["egress"].size() > 0) draft.push(types, Value::ref("Egress"));
    draft.set(spec, "policyTypes", types);
  });
}

void validate_policy_port(const FieldRef& at) {
  const FieldRef port = at["port"];
  const FieldRef end = at["endPort"];
  if (!port.present()) {
    if (end.present()) end.invalid("may not be specified when `port` is not specified");
    return;
  }
  validate_port_number_or_name(port);
  if (!end.present()) return;
  if (port.value().is_string()) return end.invalid("may not be specified when `port` is non-numeric");
  if (end.number() < port.number()) end.invalid("must be greater than or equal to `port`");
  end.port();
}

void validate_block(const FieldRef& block) {
  const FieldRef range = block["cidr"];
  const std::size_t before = block.errors().size();
  range.check_required(check_cidr_block);
  block["except"].each_item([&](const FieldRef& except, std::size_t) {
    const std::size_t errors = block.errors().size();
    except.check_required(check_cidr_block);
    if (block.errors().size() == errors && errors == before && !is_strict_subnet(except.text(), range.text())) {
      except.invalid("must be a strict subset of `cidr`");
    }
  });
}

void validate_peer(const FieldRef& peer) {
  const FieldRef block = peer["ipBlock"];
  const bool selects = peer["podSelector"].present() || peer["namespaceSelector"].present();
  peer["podSelector"].label_selector();
  peer["namespaceSelector"].label_selector();
  if (block.present()) validate_block(block);
  if (!selects && !block.present()) peer.required("must specify a peer");
  if (selects && block.present()) peer.forbidden("may not specify both ipBlock and another peer");
}

void validate_network_policy(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  spec["podSelector"].label_selector();
  for (const auto& [rules, peers] : {std::pair("ingress", "from"), std::pair("egress", "to")}) {
    const std::string_view side = peers;
    spec[rules].each_item([&](const FieldRef& rule, std::size_t) {
      rule["ports"].each_item([](const FieldRef& port, std::size_t) { validate_policy_port(port); });
      rule[side].each_item([](const FieldRef& peer, std::size_t) { validate_peer(peer); });
    });
  }
  const FieldRef types = spec["policyTypes"];
  if (types.size() > 2) types.invalid("may not specify more than two policyTypes");
  types.each_item([](const FieldRef& type, std::size_t) { type.one_of({"Ingress", "Egress"}); });
}

void warn_of_network_policy(const Value& /*object*/, const Value& /*old*/, Warnings& warnings) {
  warnings.emplace_back("this platform stores NetworkPolicies, but does not enforce them: traffic goes on as before");
}

void validate_ip_address(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef parent = root["spec.parentRef"];
  root["metadata.name"].check(check_ip_address);
  if (!parent.require()) return;
  parent["group"].check(check_dns1123_subdomain);
  for (const std::string_view member : {"resource", "name"}) parent[member].check_required(check_path_segment_name);
  parent["namespace"].check(check_path_segment_name);
}

void validate_ip_address_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec.parentRef"].immutable(old["spec"]["parentRef"]);
}

void validate_service_cidr(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef ranges = root["spec.cidrs"];
  if (!ranges.require("at least one CIDR required")) return;
  if (ranges.size() > 2) return ranges.invalid("may only hold up to 2 values");
  ranges.each_item([](const FieldRef& range, std::size_t) { range.check_required(check_cidr_block); });
  const auto is_v6 = [&](std::size_t i) { return ranges.item(i).text().find(':') != std::string_view::npos; };
  if (ranges.size() == 2 && is_v6(0) == is_v6(1))
    ranges.invalid("may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
}

void validate_service_cidr_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef ranges = root["spec.cidrs"];
  const Value before = old["spec"]["cidrs"];
  if (before.size() == 1 && ranges.size() == 2 && equal(ranges.item(0).value(), before.items()[0])) return;
  if (ranges.size() != before.size()) return ranges.immutable(before);
  ranges.each_item([&](const FieldRef& range, std::size_t i) { range.immutable(before.items()[i]); });
}

constexpr std::string_view kGroup = "networking.k8s.io";
constexpr Strategy kStrategies[] = {
    {.group = "", .kind = "Endpoints", .validate = validate_endpoints},
    {.group = "discovery.k8s.io",
     .kind = "EndpointSlice",
     .validate = validate_slice,
     .validate_update = validate_slice_update},
    {.group = kGroup,
     .kind = "Ingress",
     .validate = validate_ingress,
     .validate_create = validate_new_ingress,
     .validate_status_update = validate_ingress_status},
    {.group = kGroup,
     .kind = "IngressClass",
     .validate = validate_ingress_class,
     .validate_update = validate_ingress_class_update},
    {.group = kGroup,
     .kind = "NetworkPolicy",
     .default_ = default_network_policy,
     .validate = validate_network_policy,
     .warnings = warn_of_network_policy},
    {.group = kGroup, .kind = "IPAddress", .validate = validate_ip_address, .validate_update = validate_ip_address_update},
    {.group = kGroup,
     .kind = "ServiceCIDR",
     .status_resets = StatusResets::kMetadata,
     .validate = validate_service_cidr,
     .validate_update = validate_service_cidr_update},
};

}  // namespace

std::span<const Strategy> network_strategies() { return kStrategies; }

}  // namespace plinth::api
