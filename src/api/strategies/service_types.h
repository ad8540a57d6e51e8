// What the spec of a Service implies; also used by the allocation of addresses and ports.
#pragma once

#include "api/strategies/field_ref.h"
#include "base/value.h"

namespace plinth::api {

bool is_load_balancer(const Value& spec);
bool is_headless(const Value& spec);
bool needs_cluster_ip(const Value& spec);  // has an address of its own, or "None"
bool needs_node_port(const Value& spec);
bool needs_health_check(const Value& spec);  // gets a healthCheckNodePort
bool is_externally_accessible(const Value& spec);

// Complains about addresses that no endpoint may have: unspecified, loopback, link-local.
void validate_routable(const FieldRef& ip);

}  // namespace plinth::api
