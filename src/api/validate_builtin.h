// The part of validate.h for built-in schemas.
#pragma once

#include "api/field_error.h"
#include "api/schema.h"
#include "api/walk.h"

namespace plinth::api {

void validate_builtin(const Schema& schema, const Value& value, const PathStep& at, const Arena* validated,
                      FieldErrors& errors);

}  // namespace plinth::api
