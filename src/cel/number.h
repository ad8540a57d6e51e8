// Conversions between numbers that must be exact or fail, and lengths of text in code points.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::cel {

inline std::optional<std::int64_t> exact_int(double d) {
  if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0) || d != std::trunc(d)) return std::nullopt;
  return static_cast<std::int64_t>(d);
}

inline std::optional<std::uint64_t> exact_uint(double d) {
  if (!(d >= 0 && d < 18446744073709551616.0) || d != std::trunc(d)) return std::nullopt;
  return static_cast<std::uint64_t>(d);
}

inline bool is_ascii(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080ull) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if ((text[i] & 0x80) != 0) return false;
  }
  return true;
}

// Code points of well-formed UTF-8.
inline std::size_t code_points(std::string_view text) {
  std::size_t n = 0;
  for (char c : text) n += (c & 0xc0) != 0x80 ? 1 : 0;
  return n;
}

// The whole text as a double: decimal, "NaN", "Infinity", "-Infinity", "inf"; empty when malformed. Out of range is an
// infinity.
std::optional<double> parse_double(std::string_view text);
// The shortest digits that read back, as Go's strconv 'g' with the exponent from 1e21 on: what string(double) gives.
std::string double_text(double d);

}  // namespace plinth::cel
