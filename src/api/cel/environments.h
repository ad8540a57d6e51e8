// The environments that expressions are compiled in, without variables; the caller declares those on a copy.
#pragma once

#include <memory>

#include "cel/environment.h"

namespace plinth::api {

// Rules of custom resources and admission policies: what Kubernetes' newest environment has, literals of one type, constant
// durations, timestamps and patterns checked when a rule is written. (Strings are those of version 4, Kubernetes has version 2:
// reverse() is more.)
cel::Environment rules_environment();

// Compositions: what kro has, and sets, math, regex and format besides. omit() is added by the caller where it is allowed.
cel::Environment composition_environment(std::shared_ptr<const cel::TimeZones> zones);

// Budgets of rules, as Kubernetes has them.
constexpr std::uint64_t kRuleCostMax = 1'000'000;              // one evaluation
constexpr std::uint64_t kObjectCostMax = 10'000'000;           // all rules of one object
constexpr std::uint64_t kRuleEstimateMax = 10'000'000;         // one rule, estimated when it is written
constexpr std::uint64_t kDefinitionEstimateMax = 100'000'000;  // all rules of a definition

}  // namespace plinth::api
