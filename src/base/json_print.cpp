#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/float_text.h"
#include "base/json.h"
#include "base/utf8.h"

namespace plinth {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 15];
  }
}

constexpr auto make_plain_table() {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; ++c) plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  return plain;
}
constexpr auto kPlain = make_plain_table();

// One sequence that starts with a byte past ASCII; its length. U+2028 and U+2029 are escaped since JavaScript once read them
// as line ends; ill-formed bytes become U+FFFD.
std::size_t append_multibyte(std::string& out, std::string_view text) {
  DecodedRune decoded = decode_rune(text);
  if (decoded.length == 1)
    out += "\\ufffd";
  else if (decoded.rune == 0x2028)
    out += "\\u2028";
  else if (decoded.rune == 0x2029)
    out += "\\u2029";
  else
    out += text.substr(0, decoded.length);
  return decoded.length;
}

// Whether one of eight bytes needs more than copying: a control character, a quote, a backslash, or past ASCII.
bool any_special(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ull, kHigh = 0x8080808080808080ull;
  auto below = [](std::uint64_t x, std::uint64_t n) { return (x - kOnes * n) & ~x; };  // high bit set where a byte is below n
  return ((bytes | below(bytes, 0x20) | below(bytes ^ (kOnes * '"'), 1) | below(bytes ^ (kOnes * '\\'), 1)) & kHigh) != 0;
}

// Appends to a string through a raw cursor; the string is longer than its content until the writer ends.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out), start_(out.size()) { open(); }
  ~Writer() { close(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void value(const Value& v) {
    if (v.is_object()) return object(v);
    if (v.is_array()) return array(v);
    scalar(v);
  }

 private:
  static constexpr std::size_t kRoomMin = 512;

  void open() { reserve(out_.size(), kRoomMin); }
  void close() { out_.resize(static_cast<std::size_t>(cursor_ - out_.data())); }

  void need(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - cursor_) < bytes) grow(bytes);
  }
  // Doubles what this writer has written, not the string: one text of a long list must not pay for the others.
  void grow(std::size_t bytes) {
    auto used = static_cast<std::size_t>(cursor_ - out_.data());
    reserve(used, std::max(bytes, used - start_ + kRoomMin));
  }
  void reserve(std::size_t used, std::size_t room) {
    out_.resize(used + room);
    cursor_ = out_.data() + used;
    end_ = cursor_ + room;
  }

  void put(char c) {
    need(1);
    *cursor_++ = c;
  }
  void put(std::string_view text) {
    need(text.size());
    std::memcpy(cursor_, text.data(), text.size());
    cursor_ += text.size();
  }

  void object(const Value& v) {
    char separator = '{';
    if (v.size() == 0) put(separator);
    for (const Member& m : v.members()) {
      put(separator);
      string(m.key());
      put(':');
      value(m.value);
      separator = ',';
    }
    put('}');
  }

  void array(const Value& v) {
    char separator = '[';
    if (v.size() == 0) put(separator);
    for (const Value& item : v.items()) {
      put(separator);
      value(item);
      separator = ',';
    }
    put(']');
  }

  void scalar(const Value& v) {
    switch (v.type()) {
      case Value::Type::kBool:
        return put(std::string_view(v.as_bool() ? "true" : "false"));
      case Value::Type::kInt:
        return integer(v.as_int());
      case Value::Type::kDouble:
        return number(v.as_double());
      case Value::Type::kString:
        return string(v.as_string());
      default:
        return put(std::string_view("null"));
    }
  }

  void integer(std::int64_t i) {
    constexpr std::size_t kDigitsMax = 20;
    need(kDigitsMax);
    cursor_ = std::to_chars(cursor_, end_, i).ptr;
  }

  void number(double d) {
    std::string text;
    append_json_double(text, d);
    put(text);
  }

  void string(std::string_view text) {
    need(text.size() + 2 + sizeof(std::uint64_t));
    char* start = cursor_;
    *cursor_++ = '"';
    const char* from = text.data();
    std::size_t left = text.size();
    for (std::uint64_t bytes; left >= sizeof bytes; left -= sizeof bytes) {
      std::memcpy(&bytes, from, sizeof bytes);
      if (any_special(bytes)) return escaped(start, text);
      std::memcpy(cursor_, &bytes, sizeof bytes);
      from += sizeof bytes;
      cursor_ += sizeof bytes;
    }
    for (; left > 0; --left) {
      if (!kPlain[static_cast<unsigned char>(*from)]) return escaped(start, text);
      *cursor_++ = *from++;
    }
    *cursor_++ = '"';
  }

  // Starts the string over, the slow way.
  void escaped(char* start, std::string_view text) {
    cursor_ = start;
    close();
    append_json_string(out_, text);
    open();
  }

  std::string& out_;
  std::size_t start_;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
};

void append_pretty(std::string& out, const Value& value, std::size_t indent, std::size_t level) {
  auto new_line = [&](std::size_t at) {
    out += '\n';
    out.append(at * indent, ' ');
  };
  if (value.size() == 0) {
    append_json(out, value);
    return;
  }
  bool first = true;
  out += value.is_object() ? '{' : '[';
  for (const Member& m : value.members()) {
    if (!first) out += ',';
    first = false;
    new_line(level + 1);
    append_json_string(out, m.key());
    out += ": ";
    append_pretty(out, m.value, indent, level + 1);
  }
  for (const Value& item : value.items()) {
    if (!first) out += ',';
    first = false;
    new_line(level + 1);
    append_pretty(out, item, indent, level + 1);
  }
  new_line(level);
  out += value.is_object() ? '}' : ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain_from = 0, i = 0;
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (kPlain[c]) {
      ++i;
      continue;
    }
    out += text.substr(plain_from, i - plain_from);
    if (c >= 0x80) {
      i += append_multibyte(out, text.substr(i));
    } else {
      append_escape(out, c);
      ++i;
    }
    plain_from = i;
  }
  out += text.substr(plain_from);
  out += '"';
}

void append_json(std::string& out, const Value& value) { Writer(out).value(value); }

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_pretty_json(const Value& value, int indent) {
  std::string out;
  append_pretty(out, value, static_cast<std::size_t>(indent), 0);
  return out;
}

}  // namespace plinth
