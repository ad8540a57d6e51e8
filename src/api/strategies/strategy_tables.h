// The strategies by family; find_strategy() looks through them. Private to this folder.
#pragma once

#include <span>

#include "api/strategies/strategy.h"

namespace plinth::api {

std::span<const Strategy> pod_strategies();
std::span<const Strategy> config_strategies();    // config maps, secrets, service accounts
std::span<const Strategy> cluster_strategies();   // namespaces, nodes, quotas, limit ranges, bindings
std::span<const Strategy> service_strategies();   // services, endpoints, endpoint slices
std::span<const Strategy> workload_strategies();  // apps and replication controllers
std::span<const Strategy> job_strategies();
std::span<const Strategy> autoscaler_strategies();
std::span<const Strategy> network_strategies();  // ingresses, network policies
std::span<const Strategy> storage_strategies();
std::span<const Strategy> rbac_strategies();
std::span<const Strategy> policy_strategies();  // budgets, priorities, leases, runtime classes, events
std::span<const Strategy> admission_strategies();
std::span<const Strategy> certificate_strategies();
std::span<const Strategy> device_strategies();      // resource.k8s.io
std::span<const Strategy> flow_strategies();        // flowcontrol.apiserver.k8s.io
std::span<const Strategy> definition_strategies();  // custom resource definitions

}  // namespace plinth::api
