#include "cel/literal.h"

#include <fmt/core.h>

#include "base/text.h"
#include "base/utf8.h"
#include "cel/number.h"

namespace plinth::cel {
namespace {

std::optional<std::uint64_t> magnitude(std::string_view text) {
  if (text.size() > 2 && (text[1] == 'x' || text[1] == 'X')) return parse_integer<std::uint64_t>(text.substr(2), 16);
  return parse_integer<std::uint64_t>(text);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The body of a string literal: what stands between the quotes.
class Unescaper {
 public:
  Unescaper(std::string_view body, bool raw, bool bytes) : rest_(body), raw_(raw), bytes_(bytes) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      char c = take();
      if (c == '\\' && !raw_) {
        TRY(escape());
      } else if (c == '\r') {
        if (!rest_.empty() && rest_[0] == '\n') take();
        out_ += '\n';
      } else {
        out_ += c;
      }
    }
    return std::move(out_);
  }

 private:
  char take() {
    char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  Result<void> escape() {
    if (rest_.empty()) return bad_request("unable to unescape string, found '\\' as last character");
    char c = take();
    switch (c) {
      case 'a':
        out_ += '\a';
        return {};
      case 'b':
        out_ += '\b';
        return {};
      case 'f':
        out_ += '\f';
        return {};
      case 'n':
        out_ += '\n';
        return {};
      case 'r':
        out_ += '\r';
        return {};
      case 't':
        out_ += '\t';
        return {};
      case 'v':
        out_ += '\v';
        return {};
      case '\\':
      case '\'':
      case '"':
      case '`':
      case '?':
        out_ += c;
        return {};
      case 'x':
      case 'X':
        return digits(2, 16, bytes_);
      case 'u':
      case 'U':
        if (bytes_) return bad_request("unable to unescape string: \\u and \\U are not for bytes");
        return digits(c == 'u' ? 4 : 8, 16, false);
      default:
        break;
    }
    if (c < '0' || c > '3') return bad_request("unable to unescape string");
    rest_ = std::string_view(rest_.data() - 1, rest_.size() + 1);
    return digits(3, 8, bytes_);
  }

  Result<void> digits(std::size_t count, int base, bool as_byte) {
    if (rest_.size() < count) return bad_request("unable to unescape string: too few digits");
    char32_t code = 0;
    for (std::size_t i = 0; i < count; ++i) {
      int digit = hex_value(take());
      if (digit < 0 || digit >= base) return bad_request("unable to unescape string: not a digit");
      code = code * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
    }
    if (as_byte) {
      out_ += static_cast<char>(code);
      return {};
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return bad_request("invalid unicode code point");
    append_utf8(out_, code);
    return {};
  }

  std::string_view rest_;
  bool raw_, bytes_;
  std::string out_;
};

}  // namespace

Result<Value> int_literal(std::string_view text, bool negative) {
  auto m = magnitude(text);
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;
  if (!m || *m > (negative ? kLimit : kLimit - 1)) return bad_request("invalid int literal");
  return Value::of(static_cast<std::int64_t>(negative ? 0 - *m : *m));
}

Result<Value> uint_literal(std::string_view text) {
  auto m = magnitude(text.substr(0, text.size() - 1));
  if (!m) return bad_request("invalid uint literal");
  return Value::of(*m);
}

Result<Value> double_literal(std::string_view text, bool negative) {
  auto d = parse_double(text);
  if (!d || std::isinf(*d)) return bad_request("invalid double literal");
  return Value::of(negative ? -*d : *d);
}

Result<Value> string_literal(std::string_view text, Memory& memory) {
  bool raw = false, bytes = false;
  for (; text[0] != '"' && text[0] != '\''; text.remove_prefix(1)) {
    if (text[0] == 'r' || text[0] == 'R')
      raw = true;
    else
      bytes = true;
  }
  std::size_t quote = text.size() >= 6 && text[1] == text[0] && text[2] == text[0] ? 3 : 1;
  std::string out = TRY(Unescaper(text.substr(quote, text.size() - 2 * quote), raw, bytes).run());
  if (bytes) return Value::bytes(memory.copy(out));
  return Value::string(memory.copy(out));
}

}  // namespace plinth::cel
