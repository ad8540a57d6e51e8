#include "workloads/common/conditions.h"

#include <algorithm>

namespace plinth::workloads {

std::vector<Condition> read_conditions(const Value& conditions) {
  std::vector<Condition> out;
  for (const Value& c : conditions.items()) {
    auto text = [&c](std::string_view member) { return std::string(c[member].as_string()); };
    out.push_back({text("type"), text("status"), text("reason"), text("message"), text("lastUpdateTime"),
                   text("lastTransitionTime"), text("lastProbeTime")});
  }
  return out;
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

void remove_condition(std::vector<Condition>& conditions, std::string_view type) {
  std::erase_if(conditions, [&](const Condition& c) { return c.type == type; });
}

void set_condition(std::vector<Condition>& conditions, Condition condition) {
  if (const Condition* old = find_condition(conditions, condition.type)) {
    if (old->status == condition.status && old->reason == condition.reason) return;
    if (old->status == condition.status) condition.last_transition = old->last_transition;
  }
  remove_condition(conditions, condition.type);
  conditions.push_back(std::move(condition));
}

Value conditions_value(Draft& draft, const std::vector<Condition>& conditions) {
  Value out = draft.array(conditions.size());
  for (const Condition& c : conditions) {
    Value made = draft.object(7);
    draft.set(made, "type", c.type);
    draft.set(made, "status", c.status);
    if (!c.last_probe.empty()) draft.set(made, "lastProbeTime", c.last_probe);
    if (!c.last_update.empty()) draft.set(made, "lastUpdateTime", c.last_update);
    if (!c.last_transition.empty()) draft.set(made, "lastTransitionTime", c.last_transition);
    if (!c.reason.empty()) draft.set(made, "reason", c.reason);
    if (!c.message.empty()) draft.set(made, "message", c.message);
    draft.push(out, made);
  }
  return out;
}

void set_count(Draft& draft, Value& status, std::string_view member, std::int64_t count) {
  if (count != 0) draft.set(status, member, Value::of(count));
}

void plan_status(const client::Object& object, Draft next, const Value& status, std::string_view manager, client::Plan& plan) {
  if (equal(status, object["status"])) return;
  next.set(next.root(), "status", status);
  plan.requests.push_back(client::update_request(object, "status", next.root(), manager));
}

}  // namespace plinth::workloads
