// Base64 (RFC 4648), strict: no line breaks, no foreign characters, no non-zero trailing bits, padding exactly as asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plinth {

enum class Base64 { kStandard, kUrl };
enum class Base64Padding { kPadded, kUnpadded };

std::string base64_encode(std::string_view bytes, Base64 alphabet = Base64::kStandard,
                          Base64Padding padding = Base64Padding::kPadded);
// Empty when the text is not well-formed.
std::optional<std::string> base64_decode(std::string_view text, Base64 alphabet = Base64::kStandard,
                                         Base64Padding padding = Base64Padding::kPadded);

}  // namespace plinth
