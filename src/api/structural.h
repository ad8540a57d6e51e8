// Whether a CRD's schema is structural (apiextensions' rules): every node says its type, and logic only narrows what is
// declared.
#pragma once

#include <string_view>

#include "api/field_error.h"
#include "base/value.h"

namespace plinth::api {

// Sorted by text, as upstream does.
FieldErrors check_structural(const Value& schema, std::string_view path);

}  // namespace plinth::api
