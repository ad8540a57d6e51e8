// Conditions of a status, and writing a status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

struct Condition {
  std::string type, status, reason, message;
  // RFC 3339; "" leaves a field out.
  std::string last_update, last_transition, last_probe;
};

std::vector<Condition> read_conditions(const Value& conditions);
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
void remove_condition(std::vector<Condition>& conditions, std::string_view type);
// Puts `condition` at the end of the list, as upstream does, unless there is one with the same type, status and reason: then
// nothing changes. lastTransitionTime stays when the status does.
void set_condition(std::vector<Condition>& conditions, Condition condition);
Value conditions_value(Draft& draft, const std::vector<Condition>& conditions);

// A count that is left out when it is zero.
void set_count(Draft& draft, Value& status, std::string_view member, std::int64_t count);

// Updates the status subresource if `status` (made in `next`, a draft of the object) differs from what is there.
void plan_status(const client::Object& object, Draft next, const Value& status, std::string_view manager, client::Plan& plan);

}  // namespace plinth::workloads
