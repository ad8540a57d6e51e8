// Errors of a definition, wrapped on the way up: "field spec: field size: default value must be ...".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::compose {

// The same error with `prefix` and ": " before its message.
inline Error wrapped(std::string_view prefix, const Error& error) {
  return bad_request(std::string(prefix) + ": " + error.message());
}

}  // namespace plinth::compose
