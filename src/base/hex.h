// Hexadecimal text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plinth {

std::string hex_encode(std::string_view bytes);  // lower case
// Accepts both cases; empty for an odd length or a foreign character.
std::optional<std::string> hex_decode(std::string_view text);

}  // namespace plinth
