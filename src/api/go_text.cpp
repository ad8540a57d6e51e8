#include "api/go_text.h"

#include <charconv>
#include <cmath>

#include "base/json.h"

namespace plinth::api {
namespace {

struct Rune {
  char32_t code = 0;
  std::size_t size = 0;  // 0: not UTF-8
};

Rune next_rune(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (size == 0 || lead >= 0xf5 || text.size() < size) return {};
  char32_t code = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3f);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, size};
}

// The blocks that Go's unicode.IsPrint refuses and that text from outside plausibly holds.
bool printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad) return false;
  if (c >= 0x2000 && c <= 0x200f) return false;
  if ((c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f)) return false;
  if (c == 0x1680 || c == 0x3000 || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb)) return false;
  return !(c >= 0xe000 && c <= 0xf8ff) && c < 0xe0000;
}

void append_hex(std::string& out, char32_t code, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kDigits[(code >> shift) & 15];
}

void append_escaped(std::string& out, char32_t code) {
  static constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\"\\";
  static constexpr std::string_view kTo = "abfnrtv\"\\";
  const auto at = code < 0x80 ? kFrom.find(static_cast<char>(code)) : std::string_view::npos;
  out += '\\';
  if (at != std::string_view::npos) {
    out += kTo[at];
  } else if (code < 0x20 || code == 0x7f) {
    out += 'x';
    append_hex(out, code, 2);
  } else if (code < 0x10000) {
    out += 'u';
    append_hex(out, code, 4);
  } else {
    out += 'U';
    append_hex(out, code, 8);
  }
}

}  // namespace

void append_go_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    if (rune.size == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
      text.remove_prefix(1);
      continue;
    }
    if (rune.code == '"' || rune.code == '\\' || !printable(rune.code)) append_escaped(out, rune.code);
    else out += text.substr(0, rune.size);
    text.remove_prefix(rune.size);
  }
  out += '"';
}

std::string go_quoted(std::string_view text) {
  std::string out;
  append_go_quoted(out, text);
  return out;
}

std::string go_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(end.ptr - buffer));
  int exponent = 0;
  const char* digits = buffer + scientific.find('e') + 1;
  std::from_chars(*digits == '+' ? digits + 1 : digits, end.ptr, exponent);
  // strconv's 'g' format with the shortest precision uses an exponent below 1e-4 and from 1e6 on.
  if (exponent >= -4 && exponent < 6) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return std::string(buffer, end.ptr);
  }
  return std::string(scientific);
}

std::string go_value(const Value& value) {
  if (value.is_string()) return go_quoted(value.as_string());
  if (value.is_double()) return go_float(value.as_double());
  return to_json(value);
}

}  // namespace plinth::api
