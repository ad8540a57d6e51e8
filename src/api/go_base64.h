// Base64 as Go's encoding/json reads []byte: standard alphabet, padded, line breaks and stray trailing bits ignored.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::api {

// Errors: `illegal base64 data at input byte N`.
Result<std::string> go_base64_decode(std::string_view text);

}  // namespace plinth::api
