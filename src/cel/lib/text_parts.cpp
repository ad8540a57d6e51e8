#include "cel/lib/text_parts.h"

#include "base/utf8.h"
#include "cel/number.h"

namespace plinth::cel {
namespace {

bool is_space(char32_t c) {
  switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case 0x85:
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
      return true;
    default:
      return c >= 0x2000 && c <= 0x200a;
  }
}

// The last code point, and how many bytes it has.
DecodedRune last_rune(std::string_view text) {
  std::size_t n = 1;
  while (n < 4 && n < text.size() && (text[text.size() - n] & 0xc0) == 0x80) ++n;
  return {decode_rune(text.substr(text.size() - n)).rune, n};
}

}  // namespace

std::optional<std::size_t> byte_offset(std::string_view text, std::int64_t code_point) {
  if (code_point < 0) return std::nullopt;
  auto wanted = static_cast<std::size_t>(code_point);
  if (is_ascii(text)) return wanted <= text.size() ? std::optional(wanted) : std::nullopt;
  std::size_t at = 0;
  for (; wanted > 0 && at < text.size(); --wanted) at += decode_rune(text.substr(at)).length;
  return wanted == 0 ? std::optional(at) : std::nullopt;
}

std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, std::int64_t count) {
  std::vector<std::string_view> out;
  if (count == 0) return out;
  auto more = [&] { return count < 0 || static_cast<std::int64_t>(out.size()) + 1 < count; };
  if (separator.empty()) {
    while (!text.empty() && more()) {
      std::size_t n = decode_rune(text).length;
      out.push_back(text.substr(0, n));
      text.remove_prefix(n);
    }
    if (!text.empty()) out.push_back(text);
    return out;
  }
  while (more()) {
    std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    out.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  out.push_back(text);
  return out;
}

std::string replace_text(std::string_view text, std::string_view from, std::string_view to, std::int64_t count) {
  std::string out;
  std::int64_t done = 0;
  while (count < 0 || done < count) {
    std::size_t at = 0;
    if (from.empty()) {
      at = done == 0 || text.empty() ? 0 : decode_rune(text).length;
      if (done != 0 && text.empty()) break;
    } else {
      at = text.find(from);
    }
    if (at == std::string_view::npos) break;
    out.append(text.substr(0, at));
    out.append(to);
    text.remove_prefix(at + from.size());
    ++done;
  }
  return out.append(text);
}

std::string_view trim_text(std::string_view text) {
  while (!text.empty()) {
    DecodedRune first = decode_rune(text);
    if (!is_space(first.rune)) break;
    text.remove_prefix(first.length);
  }
  while (!text.empty()) {
    DecodedRune last = last_rune(text);
    if (!is_space(last.rune)) break;
    text.remove_suffix(last.length);
  }
  return text;
}

}  // namespace plinth::cel
