#include "base/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/base64.h"

namespace plinth {
namespace {

using Kind = YamlScalar::Kind;

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

YamlScalar of_bool(bool b) {
  YamlScalar out;
  out.kind = Kind::kBool;
  out.boolean = b;
  return out;
}

YamlScalar of_float(double d) {
  YamlScalar out;
  out.kind = Kind::kFloat;
  out.number = d;
  return out;
}

struct Word {
  std::string_view text;
  Kind kind;
  double value;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

constexpr Word kWords[] = {
    {"", Kind::kNull, 0},
    {"~", Kind::kNull, 0},
    {"null", Kind::kNull, 0},
    {"Null", Kind::kNull, 0},
    {"NULL", Kind::kNull, 0},
    {"y", Kind::kBool, 1},
    {"Y", Kind::kBool, 1},
    {"yes", Kind::kBool, 1},
    {"Yes", Kind::kBool, 1},
    {"YES", Kind::kBool, 1},
    {"true", Kind::kBool, 1},
    {"True", Kind::kBool, 1},
    {"TRUE", Kind::kBool, 1},
    {"on", Kind::kBool, 1},
    {"On", Kind::kBool, 1},
    {"ON", Kind::kBool, 1},
    {"n", Kind::kBool, 0},
    {"N", Kind::kBool, 0},
    {"no", Kind::kBool, 0},
    {"No", Kind::kBool, 0},
    {"NO", Kind::kBool, 0},
    {"false", Kind::kBool, 0},
    {"False", Kind::kBool, 0},
    {"FALSE", Kind::kBool, 0},
    {"off", Kind::kBool, 0},
    {"Off", Kind::kBool, 0},
    {"OFF", Kind::kBool, 0},
    {".nan", Kind::kFloat, kNotANumber},
    {".NaN", Kind::kFloat, kNotANumber},
    {".NAN", Kind::kFloat, kNotANumber},
    {".inf", Kind::kFloat, kInfinity},
    {".Inf", Kind::kFloat, kInfinity},
    {".INF", Kind::kFloat, kInfinity},
    {"+.inf", Kind::kFloat, kInfinity},
    {"+.Inf", Kind::kFloat, kInfinity},
    {"+.INF", Kind::kFloat, kInfinity},
    {"-.inf", Kind::kFloat, -kInfinity},
    {"-.Inf", Kind::kFloat, -kInfinity},
    {"-.INF", Kind::kFloat, -kInfinity},
};
constexpr std::size_t kWordSizeMax = 5;

std::optional<YamlScalar> resolve_word(std::string_view text) {
  constexpr std::string_view kFirst = "~nNyYtToOfF.+-";
  if (text.size() > kWordSizeMax) return std::nullopt;
  if (!text.empty() && kFirst.find(text[0]) == std::string_view::npos) return std::nullopt;
  for (const Word& word : kWords) {
    if (word.text != text) continue;
    if (word.kind == Kind::kBool) return of_bool(word.value != 0);
    if (word.kind == Kind::kFloat) return of_float(word.value);
    YamlScalar out;
    out.kind = Kind::kNull;
    return out;
  }
  return std::nullopt;
}

// Digits with an optional prefix (0x, 0o, 0b, or 0 for octal) after a sign was taken off.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char c = static_cast<char>(text[1] | 0x20);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    text.remove_prefix(c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<YamlScalar> resolve_integer(std::string_view text) {
  bool negative = text.starts_with('-'), has_sign = negative || text.starts_with('+');
  auto magnitude = parse_digits(text.substr(has_sign ? 1 : 0));
  if (!magnitude) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  YamlScalar out;
  out.kind = Kind::kInt;
  if (*magnitude <= kMax) {
    out.integer = negative ? -static_cast<std::int64_t>(*magnitude) : static_cast<std::int64_t>(*magnitude);
    return out;
  }
  if (negative && *magnitude == kMax + 1) {
    out.integer = std::numeric_limits<std::int64_t>::min();
    return out;
  }
  if (has_sign) return std::nullopt;
  out.kind = Kind::kUint;
  out.unsigned_integer = *magnitude;
  return out;
}

// [-+]? ( .digits | digits [.digits*] ) ( [eE] [-+]? digits )?
bool looks_like_float(std::string_view text) {
  std::size_t i = 0;
  auto digits = [&] {
    std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  std::size_t whole = digits(), fraction = 0;
  bool point = i < text.size() && text[i] == '.';
  if (point) {
    ++i;
    fraction = digits();
  }
  if (whole == 0 && fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

std::optional<YamlScalar> resolve_float(std::string_view text) {
  if (!looks_like_float(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double d = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), d);
  // Too large is text; too small is zero.
  if (error == std::errc::result_out_of_range)
    d = std::strtod(std::string(text).c_str(), nullptr);
  else if (error != std::errc())
    return std::nullopt;
  if (std::isinf(d)) return std::nullopt;
  return of_float(d);
}

// A fraction without whole part, ".5": underscores only between digits, as in Go's literals.
std::optional<YamlScalar> resolve_fraction(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return std::nullopt;
  }
  return resolve_float(plain);
}

// Reads `count_min` to `count_max` digits.
std::optional<int> take_number(std::string_view& text, std::size_t count_min, std::size_t count_max) {
  std::size_t n = 0;
  int value = 0;
  while (n < count_max && n < text.size() && is_digit(text[n])) value = value * 10 + (text[n++] - '0');
  if (n < count_min) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text) {
  auto year = take_number(text, 4, 4);
  if (!year || !take(text, '-')) return false;
  auto month = take_number(text, 1, 2);
  if (!month || *month < 1 || *month > 12 || !take(text, '-')) return false;
  auto day = take_number(text, 1, 2);
  constexpr std::array<int, 12> kDays{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (!day || *day < 1 || *day > kDays[static_cast<std::size_t>(*month - 1)]) return false;
  bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
  return *month != 2 || *day <= 28 || leap;
}

bool take_time(std::string_view& text) {
  auto hour = take_number(text, 1, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return false;
  auto minute = take_number(text, 1, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return false;
  auto second = take_number(text, 1, 2);
  if (!second || *second > 59) return false;
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || !is_digit(text[1])) return true;
  text.remove_prefix(1);
  while (!text.empty() && is_digit(text[0])) text.remove_prefix(1);
  return true;
}

bool take_zone(std::string_view& text) {
  if (take(text, 'Z')) return true;
  if (!take(text, '+') && !take(text, '-')) return false;
  auto hours = take_number(text, 2, 2);
  if (!hours || *hours > 24 || !take(text, ':')) return false;
  auto minutes = take_number(text, 2, 2);
  return minutes && *minutes <= 60;
}

// The forms that go-yaml takes for a time stamp: a date, a date and a time without zone, RFC 3339 with short fields.
bool is_timestamp(std::string_view text) {
  if (!take_date(text)) return false;
  if (text.empty()) return true;
  if (take(text, ' ')) return take_time(text) && text.empty();
  if (!take(text, 'T') && !take(text, 't')) return false;
  return take_time(text) && take_zone(text) && text.empty();
}

std::string_view short_tag_of(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "!!null";
    case Kind::kBool:
      return "!!bool";
    case Kind::kInt:
    case Kind::kUint:
      return "!!int";
    case Kind::kFloat:
      return "!!float";
    case Kind::kTimestamp:
      return "!!timestamp";
    case Kind::kString:
      break;
  }
  return "!!str";
}

Result<YamlScalar> decode_binary(std::string_view text) {
  std::string compact;
  for (char c : text) {
    if (c != '\n' && c != '\r') compact += c;
  }
  auto bytes = base64_decode(compact);
  if (!bytes) return bad_request("!!binary value contains invalid base64 data");
  YamlScalar out;
  out.bytes = std::move(*bytes);
  out.has_bytes = true;
  return out;
}

}  // namespace

YamlScalar resolve_plain_scalar(std::string_view text) {
  if (auto word = resolve_word(text)) return *word;
  char first = text[0];
  std::optional<YamlScalar> out;
  if (first == '.') {
    out = resolve_fraction(text);
  } else if (is_digit(first) || first == '-' || first == '+') {
    if (is_timestamp(text)) {
      out.emplace();
      out->kind = Kind::kTimestamp;
      return *out;
    }
    std::string plain(text);
    plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
    out = resolve_integer(plain);
    if (!out) out = resolve_float(plain);
  }
  return out ? *out : YamlScalar();
}

Result<YamlScalar> resolve_tagged_scalar(std::string_view tag, std::string_view text) {
  if (!tag.starts_with(kTagPrefix)) return YamlScalar();
  std::string_view name = tag.substr(kTagPrefix.size());
  if (name == "binary") return decode_binary(text);
  bool resolvable = name == "bool" || name == "int" || name == "float" || name == "null" || name == "timestamp";
  if (!resolvable) return YamlScalar();
  YamlScalar out = resolve_plain_scalar(text);
  std::string_view found = short_tag_of(out.kind);
  if (found.substr(2) == name) return out;
  if (name == "float" && out.kind == Kind::kInt) return of_float(static_cast<double>(out.integer));
  return bad_request(fmt::format("cannot decode {} `{}` as a !!{}", found, text, name));
}

}  // namespace plinth
