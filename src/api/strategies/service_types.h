// What the spec of a Service implies; also used by the allocation of addresses and ports.
#pragma once

#include "api/strategies/allocation.h"
#include "api/strategies/field_ref.h"
#include "base/value.h"

namespace plinth::api {

bool is_load_balancer(const Value& spec);
bool is_headless(const Value& spec);
bool needs_cluster_ip(const Value& spec);  // has an address of its own, or "None"
bool needs_node_port(const Value& spec);
bool needs_health_check(const Value& spec);  // gets a healthCheckNodePort
bool is_externally_accessible(const Value& spec);

// Whether clusterIP, clusterIPs and ipFamilies of a spec go together; and of an update, whether what was given out is kept.
void validate_cluster_ips(const FieldRef& spec);
void validate_kept_ips(const FieldRef& spec, const Value& before);

// Addresses and node ports of Services (service_allocation.cpp).
extern const Allocator kServiceAllocator;

// Node ports of a spec, chosen or checked (service_ports.cpp); `before` is the old spec, null for a creation.
Result<void> allocate_node_ports(Draft& draft, Value& spec, const Value& before, const AllocationSettings& settings,
                                 ClaimView& claims, FieldErrors& errors);
std::vector<std::int64_t> node_ports_of(const Value& spec);  // the health check's included
inline constexpr std::string_view kNodePortLedger = "node-ports";

// Complains about addresses that no endpoint may have: unspecified, loopback, link-local.
void validate_routable(const FieldRef& ip);

}  // namespace plinth::api
