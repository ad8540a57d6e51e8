#include "api/strategies/strategy.h"

#include <algorithm>

#include "api/strategies/strategy_tables.h"

namespace plinth::api {

const Strategy* find_strategy(std::string_view group, std::string_view kind) {
  for (const std::span<const Strategy> table :
       {pod_strategies(), config_strategies(), cluster_strategies(), service_strategies(), workload_strategies(),
        job_strategies(), autoscaler_strategies(), network_strategies(), storage_strategies(), rbac_strategies(),
        policy_strategies(), admission_strategies(), certificate_strategies()}) {
    for (const Strategy& strategy : table) {
      if (strategy.kind == kind && strategy.group == group) return &strategy;
    }
  }
  return nullptr;
}

void append_distinct(FieldErrors& errors, FieldErrors more) {
  for (FieldError& error : more) {
    const bool known = std::any_of(errors.begin(), errors.end(), [&](const FieldError& e) {
      return e.type == error.type && e.field == error.field && (e.value == error.value || e.value.empty());
    });
    if (!known) errors.push_back(std::move(error));
  }
}

}  // namespace plinth::api
