// Conditions of a status.
#pragma once

#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::control {

struct Condition {
  std::string_view type;
  bool status = false;
  std::string_view reason;
  std::string_view message;
};

// Sets a condition in a list of them; lastTransitionTime moves only with the status. Whether anything changed.
bool set_condition(Draft& draft, Value& conditions, const Condition& condition, std::string_view now);

}  // namespace plinth::control
