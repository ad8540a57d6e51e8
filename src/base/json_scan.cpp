#include "base/json_scan.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.h"

namespace plinth {
namespace {

constexpr std::size_t kInt64DigitsMax = 18;  // so many digits always fit
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string quote_char(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  if (c == '\\') return R"('\\')";
  if (c == '\n') return R"('\n')";
  if (c == '\r') return R"('\r')";
  if (c == '\t') return R"('\t')";
  auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || (byte >= 0x7f && byte < 0xa1) || byte == 0xad) return fmt::format("'\\x{:02x}'", byte);
  std::string out = "'";
  append_utf8(out, byte);
  return out + "'";
}

// A pushdown scanner over the whole text; `fault_` is set once and ends everything.
class Scanner {
 public:
  Scanner(std::string_view text, std::size_t depth_max, std::string* repaired)
      : text_(text), depth_max_(depth_max), out_(repaired) {}

  std::optional<JsonFault> run() {
    bool ok = value();
    while (ok && !closers_.empty()) ok = after_value();
    if (ok) {
      skip_space();
      if (!at_end()) fail_char("after top-level value");
    }
    if (!fault_ && out_ != nullptr) out_->append(text_.substr(copied_));
    return std::move(fault_);
  }

 private:
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return text_[pos_]; }

  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r')) ++pos_;
  }

  bool fail(std::string what) {
    fault_ = JsonFault{pos_, std::move(what)};
    return false;
  }
  bool fail_char(std::string_view context) {
    if (at_end()) return fail("unexpected end of JSON input");
    return fail(fmt::format("invalid character {} {}", quote_char(peek()), context));
  }

  // Replaces text_[from, pos_) in the repaired copy.
  void rewrite(std::size_t from, std::string_view with) {
    if (out_ == nullptr) return;
    out_->append(text_.substr(copied_, from - copied_));
    out_->append(with);
    copied_ = pos_;
  }

  // Reads one scalar, or opens containers down to the first scalar or empty container.
  bool value() {
    for (;;) {
      skip_space();
      if (at_end()) return fail_char("");
      char c = peek();
      if (c == '{' || c == '[') {
        if (closers_.size() >= depth_max_) return fail(fmt::format("exceeded max depth of {}", depth_max_));
        closers_.push_back(c == '{' ? '}' : ']');
        ++pos_;
        skip_space();
        if (!at_end() && peek() == closers_.back()) {
          close();
          return true;
        }
        if (c == '{' && !key()) return false;
        continue;
      }
      return scalar(c);
    }
  }

  void close() {
    closers_.pop_back();
    ++pos_;
  }

  bool key() {
    skip_space();
    if (at_end() || peek() != '"') return fail_char("looking for beginning of object key string");
    if (!string()) return false;
    skip_space();
    if (at_end() || peek() != ':') return fail_char("after object key");
    ++pos_;
    return true;
  }

  // After an element of the innermost container: closes it or reads the next element.
  bool after_value() {
    skip_space();
    bool object = closers_.back() == '}';
    if (!at_end() && peek() == closers_.back()) {
      close();
      return true;
    }
    if (at_end() || peek() != ',') return fail_char(object ? "after object key:value pair" : "after array element");
    ++pos_;
    if (object && !key()) return false;
    return value();
  }

  bool scalar(char c) {
    if (c == '"') return string();
    if (c == 't') return literal("true");
    if (c == 'f') return literal("false");
    if (c == 'n') return literal("null");
    if (c == '-' || is_digit(c)) return number();
    return fail_char("looking for beginning of value");
  }

  bool literal(std::string_view word) {
    for (char expected : word) {
      if (at_end() || peek() != expected) return fail_char(fmt::format("in literal {} (expecting '{}')", word, expected));
      ++pos_;
    }
    return true;
  }

  bool digits(std::string_view context) {
    if (at_end() || !is_digit(peek())) return fail_char(context);
    while (!at_end() && is_digit(peek())) ++pos_;
    return true;
  }

  bool number() {
    std::size_t start = pos_;
    if (peek() == '-') ++pos_;
    if (!at_end() && peek() == '0')
      ++pos_;
    else if (!digits("in numeric literal"))
      return false;
    std::size_t length = pos_ - start;
    bool integer = true;
    if (!at_end() && peek() == '.') {
      integer = false;
      ++pos_;
      if (!digits("after decimal point in numeric literal")) return false;
    }
    if (!at_end() && (peek() == 'e' || peek() == 'E')) {
      integer = false;
      ++pos_;
      if (!at_end() && (peek() == '+' || peek() == '-')) ++pos_;
      if (!digits("in exponent of numeric literal")) return false;
    }
    if (integer && length > kInt64DigitsMax) rewrite(start, std::string(text_.substr(start, length)) + ".0");
    return check_range(start);
  }

  bool check_range(std::size_t start) {
    std::string text(text_.substr(start, pos_ - start));
    if (std::abs(std::strtod(text.c_str(), nullptr)) <= std::numeric_limits<double>::max()) return true;
    pos_ = start;
    return fail(fmt::format("number {} is out of range", text));
  }

  bool string() {
    ++pos_;
    while (!at_end()) {
      char c = peek();
      if (c == '"') {
        ++pos_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return fail_char("in string literal");
      } else if (static_cast<unsigned char>(c) < 0x80) {
        ++pos_;
      } else {
        multibyte();
      }
    }
    return fail_char("");
  }

  void multibyte() {
    std::size_t start = pos_, length = utf8_length(text_.substr(pos_));
    pos_ += length == 0 ? 1 : length;
    if (length == 0) rewrite(start, kReplacement);
  }

  bool escape() {
    std::size_t start = pos_++;
    if (at_end()) return fail_char("");
    if (peek() != 'u') {
      if (std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos) return fail_char("in string escape code");
      ++pos_;
      return true;
    }
    int unit = hex4();
    if (unit < 0) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    bool paired = unit < 0xDC00 && low_surrogate_follows();
    if (paired)
      pos_ += 6;
    else
      rewrite(start, kReplacement);
    return true;
  }

  // At the 'u' of an escape; the code unit, or -1 after a fault.
  int hex4() {
    ++pos_;
    int unit = 0;
    for (int i = 0; i < 4; ++i) {
      int digit = at_end() ? -1 : hex_digit(peek());
      if (digit < 0) {
        fail_char("in \\u hexadecimal character escape");
        return -1;
      }
      unit = unit * 16 + digit;
      ++pos_;
    }
    return unit;
  }

  bool low_surrogate_follows() const {
    std::string_view rest = text_.substr(pos_, 6);
    if (rest.size() < 6 || rest[0] != '\\' || rest[1] != 'u') return false;
    int unit = 0;
    for (char c : rest.substr(2)) {
      int digit = hex_digit(c);
      if (digit < 0) return false;
      unit = unit * 16 + digit;
    }
    return unit >= 0xDC00 && unit <= 0xDFFF;
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::string* out_;
  std::size_t pos_ = 0;
  std::size_t copied_ = 0;
  std::vector<char> closers_;
  std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> scan_json(std::string_view text, std::size_t depth_max, std::string* repaired) {
  return Scanner(text, depth_max, repaired).run();
}

}  // namespace plinth
