// Base64 as Go's encoding/json writes and reads []byte: standard alphabet, padded, line breaks ignored on input.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::api {

std::string base64_encode(std::string_view bytes);
// Errors: `illegal base64 data at input byte N`.
Result<std::string> base64_decode(std::string_view text);

}  // namespace plinth::api
