#include "api/strategies/strategy.h"

#include <algorithm>

#include "api/strategies/strategy_tables.h"

namespace plinth::api {

const Strategy* find_strategy(std::string_view group, std::string_view kind) {
  for (const std::span<const Strategy> table :
       {pod_strategies(), config_strategies(), cluster_strategies(), service_strategies(), workload_strategies(),
        job_strategies(), autoscaler_strategies(), network_strategies(), storage_strategies(), rbac_strategies(),
        policy_strategies(), admission_strategies(), certificate_strategies(), definition_strategies(), device_strategies(),
        flow_strategies()}) {
    for (const Strategy& strategy : table) {
      if (strategy.kind == kind && strategy.group == group) return &strategy;
    }
  }
  return nullptr;
}

const Strategy* find_strategy(const KindRow& row) { return row.builtin ? find_strategy(row.group, row.kind) : nullptr; }

StatusResets status_resets(const KindRow& row) {
  const Strategy* strategy = find_strategy(row);
  if (strategy != nullptr) return strategy->status_resets;
  return row.builtin ? StatusResets::kSpec : StatusResets::kMetadata;
}

namespace {

// A field is missing or not supported in one way only.
bool is_said_once(FieldErrorType type) { return type == FieldErrorType::kRequired || type == FieldErrorType::kNotSupported; }

}  // namespace

void append_distinct(FieldErrors& errors, FieldErrors more) {
  for (FieldError& error : more) {
    const auto known = std::find_if(errors.begin(), errors.end(), [&](const FieldError& e) {
      return e.type == error.type && e.field == error.field && (is_said_once(e.type) || e.detail == error.detail);
    });
    if (known == errors.end()) {
      errors.push_back(std::move(error));
    } else if (known->detail.empty()) {
      known->detail = std::move(error.detail);
    }
  }
}

}  // namespace plinth::api
