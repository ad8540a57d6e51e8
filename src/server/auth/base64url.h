// The base64 of JWTs (RFC 7515): URL alphabet, no padding, one spelling for every byte string.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/base64.h"

namespace plinth::server::auth {

inline std::string base64url_encode(std::string_view bytes) {
  return base64_encode(bytes, Base64::kUrl, Base64Padding::kUnpadded);
}
inline std::optional<std::string> base64url_decode(std::string_view text) {
  return base64_decode(text, Base64::kUrl, Base64Padding::kUnpadded);
}

}  // namespace plinth::server::auth
