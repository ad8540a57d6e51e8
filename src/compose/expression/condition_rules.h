// What an author's status.conditions may say, beyond their types.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cel/environment.h"

namespace plinth::compose {

// The language of status.conditions: that of definitions, and `runtime`.
cel::Environment with_conditions(cel::Environment environment);

// Literal types are declared by one expression only, statuses are known ones, and of the instance itself only kro's own
// conditions can be looked up. Errors name the expression.
Result<void> check_condition_rules(const std::vector<std::string>& expressions, const cel::Environment& environment);

// Whether an expression of that type gives a condition, a list of them, or what is only known when it is evaluated.
bool gives_conditions(const cel::Type& type);

}  // namespace plinth::compose
