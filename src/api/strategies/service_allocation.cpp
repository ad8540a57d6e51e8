// Addresses of Services: which families a Service has, and one address of each (upstream's
// registry/core/service/storage/alloc.go decides). There is one range, so that "this cluster" has one family.
#include <algorithm>

#include <fmt/core.h>

#include "api/strategies/draft_tools.h"
#include "api/strategies/service_types.h"

namespace plinth::api {
namespace {

constexpr std::string_view kAddressLedger = "service-addresses";

bool is_external_name(const Value& spec) { return spec["type"].as_string() == "ExternalName"; }
bool is_none(const Value& spec) { return spec["clusterIP"].as_string() == "None"; }
bool is_headless_without_selector(const Value& spec) { return is_none(spec) && spec["selector"].size() == 0; }
bool is_policy(const Value& spec, std::string_view policy) { return spec["ipFamilyPolicy"].as_string() == policy; }
std::string_view family_of(std::string_view ip) { return ip.find(':') != std::string_view::npos ? "IPv6" : "IPv4"; }
std::string_view other_family(std::string_view family) { return family == "IPv4" ? "IPv6" : "IPv4"; }

// A Service that prefers two families is neither given nor deprived of one by a write that changes nothing of that.
bool prefers_two_as_before(const Value& spec, const Value& before) {
  return !before.is_null() && is_policy(spec, "PreferDualStack") && same(spec["type"], before["type"]) &&
         needs_cluster_ip(spec) && (before["ipFamilyPolicy"].is_null() || is_policy(before, "PreferDualStack")) &&
         same(spec["clusterIPs"], before["clusterIPs"]) && same(spec["ipFamilies"], before["ipFamilies"]);
}

void default_policy(Draft& draft, Value& spec, const Value& before) {
  if (!is_unset(spec, "ipFamilyPolicy")) return;
  if (!is_unset(before, "ipFamilyPolicy"))
    draft.set(spec, "ipFamilyPolicy", draft.clone(before["ipFamilyPolicy"]));
  else if (is_headless_without_selector(spec))
    draft.set(spec, "ipFamilyPolicy", Value::ref("RequireDualStack"));
  else
    draft.set(spec, "ipFamilyPolicy", Value::ref("SingleStack"));
}

void keep_first(Draft& draft, Value& spec, std::string_view member) {
  Value list = draft.array();
  draft.push(list, draft.clone(spec[member].items()[0]));
  draft.set(spec, member, list);
}

// Giving up the second family or address must be said by the policy.
void shrink_lists(Draft& draft, Value& spec, const Value& before, FieldErrors& errors) {
  constexpr std::pair<std::string_view, std::string_view> kLists[] = {{"clusterIPs", "cluster IP"},
                                                                      {"ipFamilies", "IP family"}};
  for (const auto& [member, word] : kLists) {
    if (is_policy(spec, "SingleStack")) {
      if (same(spec[member], before[member]) && spec[member].size() > 1) keep_first(draft, spec, member);
    } else if (spec[member].size() != 0 && spec[member].size() < before[member].size()) {
      errors.push_back(field_invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"],
                                     fmt::format("must be 'SingleStack' to release the secondary {}", word)));
    }
  }
}

void check_single(const Value& spec, FieldErrors& errors) {
  if (!is_policy(spec, "SingleStack")) return;
  constexpr std::pair<std::string_view, std::string_view> kLists[] = {{"clusterIPs", "cluster IPs"},
                                                                      {"ipFamilies", "IP families"}};
  for (const auto& [member, words] : kLists) {
    if (spec[member].size() != 2) continue;
    errors.push_back(
        field_invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"],
                      fmt::format("must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified", words)));
  }
}

void infer_families(Draft& draft, Value& spec, std::string_view configured, FieldErrors& errors) {
  const Value ips = spec["clusterIPs"];
  for (std::size_t i = spec["ipFamilies"].size(); i < ips.size(); ++i) {
    const std::string_view ip = ips.items()[i].as_string();
    if (ip == "None") return;
    const std::string_view family = family_of(ip);
    if (family != configured) {
      errors.push_back(
          field_invalid(index("spec.clusterIPs", i), ips, fmt::format("{} is not configured on this cluster", family)));
    } else {
      draft.push(draft.member(spec, "ipFamilies"), Value::ref(family));
    }
  }
}

void default_families(Draft& draft, Value& spec, std::string_view configured) {
  if (spec["ipFamilies"].size() != 0) return;
  Value families = draft.array();
  draft.push(families, draft.text(configured));
  draft.set(spec, "ipFamilies", families);
}

void check_families(const Value& spec, std::string_view configured, FieldErrors& errors) {
  if (is_policy(spec, "RequireDualStack")) {
    errors.push_back(
        field_invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], "this cluster is not configured for dual-stack services"));
  }
  const Value families = spec["ipFamilies"];
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (families.items()[i].as_string() == configured) continue;
    errors.push_back(field_invalid(index("spec.ipFamilies", i), families.items()[i], "not configured on this cluster"));
  }
}

// Who has no addresses of his own may name any families: his endpoints are his business.
void headless_families(Draft& draft, Value& spec, std::string_view configured) {
  default_families(draft, spec, configured);
  if (spec["ipFamilies"].size() > 1 || is_policy(spec, "SingleStack")) return;
  const std::string_view other = other_family(spec["ipFamilies"].items()[0].as_string());
  draft.push(draft.member(spec, "ipFamilies"), Value::ref(other));
}

void init_families(Draft& draft, Value& spec, const Value& before, const AddressRange& range, FieldErrors& errors) {
  if (is_external_name(spec) || prefers_two_as_before(spec, before)) return;
  default_policy(draft, spec, before);
  const FieldRef field(spec, "spec", errors);
  validate_cluster_ips(field);
  if (needs_cluster_ip(before) && needs_cluster_ip(spec)) validate_kept_ips(field, before);
  if (!errors.empty()) return;
  if (!before.is_null()) shrink_lists(draft, spec, before, errors);
  check_single(spec, errors);
  infer_families(draft, spec, range.family(), errors);
  if (!errors.empty()) return;
  if (is_headless_without_selector(spec)) return headless_families(draft, spec, range.family());
  check_families(spec, range.family(), errors);
  if (errors.empty()) default_families(draft, spec, range.family());
}

bool has_item(const Value& list, std::string_view text) {
  return std::any_of(list.items().begin(), list.items().end(), [&](const Value& v) { return v.as_string() == text; });
}

// The first address is the API's own, also while its Service is not there.
bool is_kept_for_another(const IpAddress& address, const AddressRange& range, const Value& object) {
  const Value metadata = object["metadata"];
  const bool is_api = metadata["namespace"].as_string() == "default" && metadata["name"].as_string() == "kubernetes";
  return !is_api && address == range.at(0);
}

bool is_in_any(const IpAddress& address, const std::vector<AddressRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const AddressRange& range) { return range.contains(address); });
}

std::string why_not(std::string_view ip, const AddressRange& range, const Value& object, ClaimView& claims) {
  const auto address = parse_ip(ip);
  if (!address || !(range.contains(*address) || is_in_any(*address, claims.more_ranges()))) {
    return "the provided network does not match the current range";
  }
  const bool taken = is_kept_for_another(*address, range, object) || claims.is_taken(kAddressLedger, address->text());
  return taken ? "provided IP is already allocated" : "";
}

std::optional<IpAddress> pick_address(const AddressRange& from, const AddressRange& main, const Value& object,
                                      ClaimView& claims) {
  const auto position = pick_free(from.size(), from.static_band(), claims, [&](std::uint64_t p) {
    return !is_kept_for_another(from.at(p), main, object) && !claims.is_taken(kAddressLedger, from.at(p).text());
  });
  if (!position) return {};
  return from.at(*position);
}

// Of the cluster's own range, and when that is full of the others.
Result<void> allocate_address(Draft& draft, Value& spec, const Value& object, const AddressRange& range, ClaimView& claims) {
  auto address = pick_address(range, range, object, claims);
  if (!address) {
    for (const AddressRange& more : claims.more_ranges()) {
      if (more.v6() == range.v6() && !address) address = pick_address(more, range, object, claims);
    }
  }
  if (!address) {
    return internal_error(fmt::format("failed to allocate a serviceIP for Service \"{}\": range is full",
                                      object["metadata"]["name"].as_string()));
  }
  draft.push(draft.member(spec, "clusterIPs"), draft.text(address->text()));
  return {};
}

// One address of each family; those of before are kept.
Result<void> allocate_addresses(Draft& draft, Value& spec, const Value& before, const AddressRange& range, ClaimView& claims,
                                FieldErrors& errors) {
  if (!needs_cluster_ip(spec) || is_none(spec) || is_none(before) || prefers_two_as_before(spec, before)) return {};
  for (std::size_t i = 0; i < spec["ipFamilies"].size(); ++i) {
    const Value ips = spec["clusterIPs"];
    if (i >= ips.size()) {
      TRY(allocate_address(draft, spec, draft.root(), range, claims));
      continue;
    }
    const std::string_view ip = ips.items()[i].as_string();
    if (needs_cluster_ip(before) && has_item(before["clusterIPs"], ip)) continue;
    if (const std::string why = why_not(ip, range, draft.root(), claims); !why.empty()) {
      errors.push_back(field_invalid("spec.clusterIPs", ips, fmt::format("failed to allocate IP {}: {}", ip, why)));
      return {};
    }
  }
  if (spec["clusterIPs"].size() != 0) draft.set(spec, "clusterIP", draft.clone(spec["clusterIPs"].items()[0]));
  return {};
}

Result<void> allocate_service(Draft& draft, const Value& old, const AllocationSettings& settings, ClaimView& claims,
                              FieldErrors& errors) {
  Value& spec = object_member(draft, draft.root(), "spec");
  const Value before = old["spec"];
  init_families(draft, spec, before, settings.service_range, errors);
  if (!errors.empty()) return {};
  TRY(allocate_addresses(draft, spec, before, settings.service_range, claims, errors));
  if (!errors.empty()) return {};
  return allocate_node_ports(draft, spec, before, settings, claims, errors);
}

std::vector<Claim> claims_of_service(const Value& object) {
  std::vector<Claim> out;
  const Value spec = object["spec"];
  if (needs_cluster_ip(spec)) {
    for (const Value& ip : spec["clusterIPs"].items()) {
      if (const auto address = parse_ip(ip.as_string())) out.push_back({kAddressLedger, address->text()});
    }
  }
  for (const std::int64_t number : node_ports_of(spec)) out.push_back({kNodePortLedger, std::to_string(number)});
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// A ServiceCIDR gives out addresses while it is neither going away nor said not to be ready.
std::vector<AddressRange> ranges_of_cidr(const Value& object) {
  std::vector<AddressRange> out;
  if (!object["metadata"]["deletionTimestamp"].is_null()) return out;
  for (const Value& condition : object["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "Ready" && condition["status"].as_string() == "False") return out;
  }
  for (const Value& cidr : object["spec"]["cidrs"].items()) {
    auto range = AddressRange::parse(cidr.as_string());
    if (range.ok()) out.push_back(std::move(*range));
  }
  return out;
}

std::vector<std::string_view> service_ledgers() { return {kAddressLedger, kNodePortLedger}; }

}  // namespace

extern constexpr Allocator kServiceAllocator{allocate_service,    claims_of_service, service_ledgers,
                                             "networking.k8s.io", "servicecidrs",    ranges_of_cidr};

}  // namespace plinth::api
