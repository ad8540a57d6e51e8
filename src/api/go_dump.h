// Documents as Go's fmt prints their unstructured form: some messages of the API hold such dumps.
#pragma once

#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::api {

std::string_view go_type_name(const Value& value);  // %T: map[string]interface {}
std::string go_plain(const Value& value);           // %v: map[a:1 b:[x y]]
std::string go_syntax(const Value& value);          // %#v: map[string]interface {}{"a":1}

}  // namespace plinth::api
