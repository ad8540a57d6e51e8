#include "base/quoted.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace plinth {
namespace {

struct Range {
  char32_t first, last;
};

// Past ASCII: what has no glyph (spaces, format characters, private use, non-characters). Unassigned code points pass.
constexpr Range kUnprintable[] = {
    {0x80, 0xA0},     {0xAD, 0xAD},     {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},   {0x1680, 0x1680}, {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},
    {0x205F, 0x206F}, {0x3000, 0x3000}, {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},
    {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1FFFE, 0x1FFFF}, {0xE0000, 0xE00FF}, {0xE01F0, 0x10FFFF},
};

bool is_printable(char32_t rune) {
  for (const Range& range : kUnprintable) {
    if (rune >= range.first && rune <= range.last) return false;
  }
  return true;
}

void append_ascii(std::string& out, char c) {
  constexpr std::string_view kNames = "abtnvfr";  // of 7 to 13
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c >= 7 && c <= 13) {
    out += '\\';
    out += kNames[static_cast<std::size_t>(c - 7)];
  } else if (c < 0x20 || c == 0x7F) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_ascii(out, text[0]);
      text.remove_prefix(1);
      continue;
    }
    DecodedRune decoded = decode_rune(text);
    if (decoded.length == 1)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (is_printable(decoded.rune))
      out += text.substr(0, decoded.length);
    else if (decoded.rune < 0x10000)
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(decoded.rune));
    else
      out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(decoded.rune));
    text.remove_prefix(decoded.length);
  }
  return out + '"';
}

}  // namespace plinth
