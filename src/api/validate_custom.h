// The parts of validate.h for CRD schemas.
#pragma once

#include "api/field_error.h"
#include "api/pattern_cache.h"
#include "api/schema.h"
#include "api/walk.h"

namespace plinth::api {

// OpenAPI v3 as kube-openapi checks and words it. `old` (may be null) is the corresponding stored value.
void validate_openapi(const Schema& schema, const Value& value, const Value* old, const PathStep& at, PatternCache& patterns,
                      FieldErrors& errors);

// Duplicate items of lists of type set, duplicate keys of lists of type map.
void validate_list_types(const Schema& schema, const Value& value, const PathStep& at, FieldErrors& errors);

}  // namespace plinth::api
