// Validation that configurations of webhooks and policies of admission have in common.
#pragma once

#include "api/strategies/field_ref.h"

namespace plinth::api {

// One item of `rules`: operations, groups, versions, resources.
void validate_admission_rule(const FieldRef& rule);
// Names, and expressions that must compile.
void validate_match_conditions(const FieldRef& conditions, bool has_params);

void validate_admission_policy(const Value& object, FieldErrors& errors);
void validate_policy_binding(const Value& object, FieldErrors& errors);

}  // namespace plinth::api
