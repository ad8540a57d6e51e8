#include "base/natural_order.h"

#include <cstdint>
#include <string>

#include "base/utf8.h"

namespace plinth {
namespace {

std::u32string to_runes(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    DecodedRune decoded = decode_rune(text);
    out += decoded.rune;
    text.remove_prefix(decoded.length);
  }
  return out;
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

// Letters beyond ASCII: everything that is not known punctuation counts, which is right for the scripts that names use.
bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2C00) && !(c >= 0x3000 && c < 0x3005);
}

struct Number {
  std::uint64_t value = 0;
  std::size_t end = 0;
};

Number read_number(const std::u32string& text, std::size_t at, std::uint64_t initial) {
  Number out{initial, at};
  for (; out.end < text.size() && is_digit(text[out.end]); ++out.end) out.value = out.value * 10 + (text[out.end] - '0');
  return out;
}

// Whether a digit other than 0 stands in the run of digits before `at`: then a zero there is not a leading one.
bool inside_number(const std::u32string& text, std::size_t at) {
  for (; at > 0 && is_digit(text[at - 1]); --at) {
    if (text[at - 1] != '0') return true;
  }
  return false;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  std::u32string x = to_runes(a), y = to_runes(b);
  for (std::size_t i = 0; i < x.size() && i < y.size(); ++i) {
    if (x[i] == y[i]) continue;
    bool x_letter = is_letter(x[i]), y_letter = is_letter(y[i]);
    if (x_letter && y_letter) return x[i] < y[i];
    if (x_letter || y_letter) return y_letter;
    bool continued = (x[i] == '0' || y[i] == '0') && inside_number(x, i);
    Number m = read_number(x, i, continued ? 1 : 0), n = read_number(y, i, continued ? 1 : 0);
    if (m.value != n.value) return m.value < n.value;
    if (m.end != n.end) return m.end < n.end;
    return x[i] < y[i];
  }
  return x.size() < y.size();
}

}  // namespace plinth
