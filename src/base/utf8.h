// UTF-8 by the rules of Unicode: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plinth {

// Bytes of the well-formed sequence at the beginning of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text);
// The code point at the beginning; U+FFFD with length 1 for an ill-formed byte. `text` must not be empty.
struct DecodedRune {
  char32_t rune;
  std::size_t length;
};
DecodedRune decode_rune(std::string_view text);
bool is_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t rune);

}  // namespace plinth
