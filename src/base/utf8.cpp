#include "base/utf8.h"

namespace plinth {
namespace {

constexpr char32_t kReplacementRune = 0xFFFD;

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

char32_t bits(char c, unsigned mask) { return static_cast<unsigned char>(c) & mask; }

}  // namespace

DecodedRune decode_rune(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xC2 && lead <= 0xDF && is_continuation(text, 1)) return {bits(text[0], 0x1F) << 6 | bits(text[1], 0x3F), 2};
  if ((lead & 0xF0) == 0xE0 && is_continuation(text, 1) && is_continuation(text, 2)) {
    char32_t rune = bits(text[0], 0x0F) << 12 | bits(text[1], 0x3F) << 6 | bits(text[2], 0x3F);
    if (rune >= 0x800 && (rune < 0xD800 || rune > 0xDFFF)) return {rune, 3};
  }
  if (lead >= 0xF0 && lead <= 0xF4 && is_continuation(text, 1) && is_continuation(text, 2) && is_continuation(text, 3)) {
    char32_t rune = bits(text[0], 0x07) << 18 | bits(text[1], 0x3F) << 12 | bits(text[2], 0x3F) << 6 | bits(text[3], 0x3F);
    if (rune >= 0x10000 && rune <= 0x10FFFF) return {rune, 4};
  }
  return {kReplacementRune, 1};
}

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  DecodedRune decoded = decode_rune(text);
  return decoded.length == 1 && static_cast<unsigned char>(text[0]) >= 0x80 ? 0 : decoded.length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_utf8(std::string& out, char32_t rune) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF)) rune = kReplacementRune;
  auto byte = [&](char32_t b) { out += static_cast<char>(b); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xC0 | rune >> 6);
    byte(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    byte(0xE0 | rune >> 12);
    byte(0x80 | (rune >> 6 & 0x3F));
    byte(0x80 | (rune & 0x3F));
  } else {
    byte(0xF0 | rune >> 18);
    byte(0x80 | (rune >> 12 & 0x3F));
    byte(0x80 | (rune >> 6 & 0x3F));
    byte(0x80 | (rune & 0x3F));
  }
}

}  // namespace plinth
