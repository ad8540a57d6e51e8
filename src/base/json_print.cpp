#include <array>
#include <charconv>

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

void append_int(std::string& out, std::int64_t i) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, i).ptr);
}

void append_scalar(std::string& out, const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Value::Type::kInt:
      append_int(out, value.as_int());
      return;
    case Value::Type::kDouble:
      append_json_double(out, value.as_double());
      return;
    case Value::Type::kString:
      append_json_string(out, value.as_string());
      return;
    default:
      out += "null";
  }
}

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

void append_json(std::string& out, const Value& value) {
  if (value.is_object()) {
    char separator = '{';
    if (value.size() == 0) out += separator;
    for (const Member& m : value.members()) {
      out += separator;
      append_json_string(out, m.key());
      out += ':';
      append_json(out, m.value);
      separator = ',';
    }
    out += '}';
  } else if (value.is_array()) {
    char separator = '[';
    if (value.size() == 0) out += separator;
    for (const Value& item : value.items()) {
      out += separator;
      append_json(out, item);
      separator = ',';
    }
    out += ']';
  } else {
    append_scalar(out, value);
  }
}

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
