#include "compose/status/condition_set.h"

#include <algorithm>

namespace plinth::compose {
namespace {

constexpr std::string_view kReady = "Ready";

}  // namespace

ConditionStatus condition_status_of(std::string_view text) {
  return text == "True" ? ConditionStatus::kTrue : text == "False" ? ConditionStatus::kFalse : ConditionStatus::kUnknown;
}

std::string_view status_text(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      return "Unknown";
  }
  return "";
}

std::vector<Condition> read_conditions(const Value& list) {
  std::vector<Condition> out;
  for (const Value& c : list.items()) {
    if (c["type"].as_string().empty()) continue;
    out.push_back({std::string(c["type"].as_string()), condition_status_of(c["status"].as_string()),
                   std::string(c["reason"].as_string()), std::string(c["message"].as_string()),
                   std::string(c["lastTransitionTime"].as_string()), c["observedGeneration"].as_int()});
  }
  return out;
}

Value condition_value(Draft& draft, const Condition& condition) {
  Value out = draft.object(6);
  draft.set(out, "lastTransitionTime", condition.since);
  draft.set(out, "message", condition.message);
  draft.set(out, "observedGeneration", Value::of(condition.observed_generation));
  draft.set(out, "reason", condition.reason);
  draft.set(out, "status", status_text(condition.status));
  draft.set(out, "type", condition.type);
  return out;
}

ConditionSet::ConditionSet(const Value& object, std::vector<std::string_view> dependents, std::string now,
                           std::vector<std::string_view> dropped)
    : conditions_(read_conditions(object["status"]["conditions"])),
      dependents_(std::move(dependents)),
      now_(std::move(now)),
      generation_(object["metadata"]["generation"].as_int()) {
  std::erase_if(conditions_,
                [&](const Condition& c) { return std::find(dropped.begin(), dropped.end(), c.type) != dropped.end(); });
  std::vector<std::string_view> types = dependents_;
  types.push_back(kReady);
  for (std::string_view type : types) {
    if (find(type) != nullptr) continue;
    conditions_.push_back({std::string(type), ConditionStatus::kUnknown, "AwaitingReconciliation",
                           "condition \"" + std::string(type) + "\" is awaiting reconciliation",
                           std::string(object["metadata"]["creationTimestamp"].as_string()), generation_});
  }
}

const Condition* ConditionSet::find(std::string_view type) const {
  for (const Condition& c : conditions_) {
    if (c.type == type) return &c;
  }
  return nullptr;
}

bool ConditionSet::is_true(std::string_view type) const {
  const Condition* found = find(type);
  return found != nullptr && found->status == ConditionStatus::kTrue;
}

void ConditionSet::set(std::string_view type, ConditionStatus status, std::string_view reason, std::string_view message) {
  auto found = std::find_if(conditions_.begin(), conditions_.end(), [&](const Condition& c) { return c.type == type; });
  if (found == conditions_.end())
    found = conditions_.insert(conditions_.end(), Condition{std::string(type), status, "", "", now_, 0});
  if (found->status != status) found->since = now_;
  found->status = status;
  found->reason = reason;
  found->message = message;
  found->observed_generation = generation_;
}

void ConditionSet::compute_ready() {
  const Condition* worst = nullptr;
  bool stale = false;
  for (std::string_view type : dependents_) {
    const Condition* c = find(type);
    if (c->status == ConditionStatus::kTrue) {
      stale = stale || c->observed_generation != generation_;
      continue;
    }
    const bool worse = worst == nullptr ||
                       (c->status == ConditionStatus::kFalse && worst->status == ConditionStatus::kUnknown) ||
                       (c->status == worst->status && c->since > worst->since);
    if (worse) worst = c;
  }
  if (worst != nullptr) {
    const Condition copy = *worst;
    set(kReady, copy.status, copy.reason, copy.message);
  } else if (!stale) {
    set(kReady, ConditionStatus::kTrue, kReady, "");
  }
}

void ConditionSet::sort() {
  std::stable_sort(conditions_.begin(), conditions_.end(), [](const Condition& a, const Condition& b) {
    if (a.type == kReady || b.type == kReady) return b.type == kReady && a.type != kReady;
    return a.since < b.since;
  });
}

const std::vector<Condition>& ConditionSet::conditions() {
  compute_ready();
  sort();
  return conditions_;
}

Value ConditionSet::to_value(Draft& draft) {
  Value out = draft.array(conditions_.size());
  for (const Condition& c : conditions()) draft.push(out, condition_value(draft, c));
  return out;
}

}  // namespace plinth::compose
