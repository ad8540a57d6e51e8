// The conditions of a definition or an instance, with a Ready that follows from the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace plinth::compose {

enum class ConditionStatus : std::uint8_t { kTrue, kFalse, kUnknown };
std::string_view status_text(ConditionStatus status);
ConditionStatus condition_status_of(std::string_view text);  // what is no status is Unknown

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason, message;
  std::string since;  // RFC 3339
  std::int64_t observed_generation = 0;
};

// kro's rules: lastTransitionTime moves with the status; one that was never seen has been Unknown since the object was created;
// dependents are listed by that time, Ready last; Ready tells the worst of them: False before Unknown, then the newest.
class ConditionSet {
 public:
  // `object` is the object whose status.conditions are continued. Conditions of other types stay as they are, but for `dropped`
  // ones.
  ConditionSet(const Value& object, std::vector<std::string_view> dependents, std::string now,
               std::vector<std::string_view> dropped = {});

  void set(std::string_view type, ConditionStatus status, std::string_view reason, std::string_view message);
  const Condition* find(std::string_view type) const;
  bool is_true(std::string_view type) const;
  // With Ready recomputed.
  const std::vector<Condition>& conditions();
  Value to_value(Draft& draft);

 private:
  void compute_ready();
  void sort();
  std::vector<Condition> conditions_;
  std::vector<std::string_view> dependents_;
  std::string now_;
  std::int64_t generation_ = 0;
};

// Conditions as a list in an object's status; malformed ones are left out.
std::vector<Condition> read_conditions(const Value& list);
Value condition_value(Draft& draft, const Condition& condition);

}  // namespace plinth::compose
