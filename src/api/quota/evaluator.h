// What quotas know of a kind beyond its being there. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/quota/quota.h"

namespace plinth::api {

// One demand of a quota's scopes; `operation` is In, NotIn, Exists or DoesNotExist.
struct ScopeDemand {
  std::string_view scope, operation;
  Value values;
};
// A label selector's requirement over a set of names: In and Exists need one of them, NotIn and DoesNotExist hold where there
// is none.
bool selects(const ScopeDemand& demand, const std::vector<std::string_view>& names);

struct QuotaEvaluator {
  CountedKind kind;
  bool (*uses)(std::string_view resource);
  Result<ResourceAmounts> (*usage)(const Value& object, std::int64_t now_s);
  bool (*in_scope)(const ScopeDemand& demand, const Value& object) = nullptr;  // null: in none
  std::string (*unspecified)(const std::vector<std::string_view>& resources, const Value& object) = nullptr;
  bool (*limits_update)(std::string_view subresource, const Value& old, const Value& object) = nullptr;
  std::optional<std::int64_t> (*changes_at)(const Value& object) = nullptr;
};

extern const QuotaEvaluator kPodQuota, kServiceQuota, kClaimQuota;

inline Quantity one() { return Quantity(1, Quantity::Format::kDecimalSi); }

}  // namespace plinth::api
