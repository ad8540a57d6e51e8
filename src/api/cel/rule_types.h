// Schemas of custom resources as their own rules see them (x-kubernetes-validations): what has no type in the schema does not
// exist, a resource shows apiVersion, kind and the name of its metadata, and every part has a largest size. Stricter than
// cel_types.h, in which what a schema leaves open may be anything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/schema.h"
#include "cel/cost_estimate.h"
#include "cel/types.h"

namespace plinth::api {

// A schema at its place. `resource`: of an object or of one embedded in it, which have apiVersion, kind and metadata.
struct RulePlace {
  const Schema* schema = nullptr;
  bool resource = false;

  RulePlace items() const;
  RulePlace values() const;  // of a map
  // Null schema when there is no such field. `name` as it stands in documents.
  RulePlace field(std::string_view name) const;
};

// Empty where the schema has no type that rules could name. `name` and `keeper` as in cel_type().
std::optional<cel::Type> rule_type(RulePlace place, std::string name, std::shared_ptr<const void> keeper);

// Bytes of the smallest value as JSON.
std::int64_t rule_bytes_min(RulePlace place);
// Characters, items or members of the largest value that a request can hold, or that the schema allows.
std::int64_t rule_size_max(RulePlace place);

// Bounds for estimate_cost(): each path begins with a variable of that place.
class RuleSizes final : public cel::SizeHints {
 public:
  explicit RuleSizes(RulePlace place) : place_(place) {}
  std::optional<cel::SizeRange> size_of(std::span<const std::string> path, const cel::Type& type) const override;

 private:
  RulePlace place_;
};

// The largest request that estimates reckon with.
constexpr std::int64_t kRuleRequestBytesMax = 3 * 1024 * 1024;

}  // namespace plinth::api
