// Text as Go prints it: messages of the API print numbers with %v.
#pragma once

#include <string>
#include <string_view>

#include "base/quoted.h"
#include "base/value.h"

namespace plinth::api {

// %q
inline std::string go_quoted(std::string_view text) { return quoted(text); }
inline void append_go_quoted(std::string& out, std::string_view text) { out += quoted(text); }

// A float64 with %v: 1.5, 1e+06, +Inf.
std::string go_float(double value);

// A value as field errors print it: strings quoted, scalars plain, lists and objects as JSON.
std::string go_value(const Value& value);

}  // namespace plinth::api
