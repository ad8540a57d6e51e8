#include "control/conditions.h"

namespace plinth::control {

bool set_condition(Draft& draft, Value& conditions, const Condition& condition, std::string_view now) {
  if (!conditions.is_array()) conditions = draft.array();
  const std::string_view status = condition.status ? "True" : "False";
  Value made = draft.object();
  draft.set(made, "type", condition.type);
  draft.set(made, "status", status);
  draft.set(made, "lastTransitionTime", now);
  draft.set(made, "reason", condition.reason);
  draft.set(made, "message", condition.message);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Value old = conditions.items()[i];
    if (old["type"].as_string() != condition.type) continue;
    const bool same_status = old["status"].as_string() == status;
    if (same_status && old["reason"].as_string() == condition.reason && old["message"].as_string() == condition.message)
      return false;
    if (same_status) draft.member(made, "lastTransitionTime") = old["lastTransitionTime"];
    draft.item(conditions, i) = made;
    return true;
  }
  draft.push(conditions, made);
  return true;
}

}  // namespace plinth::control
