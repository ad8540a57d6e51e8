#include "cel/lib/string_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/core.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "cel/number.h"
#include "cel/time.h"

namespace plinth::cel {
namespace {

constexpr int kPrecisionMax = 1000;
constexpr int kDefaultPrecision = 6;
constexpr std::size_t kBytesMax = std::size_t{64} << 20;
constexpr int kDepthMax = 512;

std::string number_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
  std::string out(400, '\0');
  auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), d, std::chars_format::fixed);
  (void)error;
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

class Formatter {
 public:
  Formatter(std::string_view format, const List& args, Memory& memory) : rest_(format), args_(args), memory_(memory) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      std::size_t percent = rest_.find('%');
      out_.append(rest_.substr(0, percent));
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      if (rest_.empty()) return bad_request("unexpected end of string");
      if (rest_[0] == '%') {
        out_ += '%';
        rest_.remove_prefix(1);
        continue;
      }
      TRY(clause());
      if (out_.size() > kBytesMax) return bad_request("result of format() is too large");
    }
    return std::move(out_);
  }

 private:
  Result<void> clause() {
    int precision = TRY(take_precision());
    if (rest_.empty()) return bad_request("could not parse formatting clause: unexpected end of string");
    char verb = rest_[0];
    std::size_t verb_bytes = decode_rune(rest_).length;
    if (std::string_view("sdfebxXo").find(verb) == std::string_view::npos) {
      return bad_request(
          fmt::format("could not parse formatting clause: unrecognized formatting clause \"{}\"", rest_.substr(0, verb_bytes)));
    }
    rest_.remove_prefix(1);
    if (next_ >= args_.size()) return bad_request(fmt::format("index {} out of range", next_));
    return one(verb, precision, args_.at(next_++, memory_));
  }

  Result<int> take_precision() {
    if (rest_.empty() || rest_[0] != '.') return kDefaultPrecision;
    rest_.remove_prefix(1);
    int precision = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), precision);
    bool digits = !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
    if (!digits || error != std::errc() || precision > kPrecisionMax) {
      return bad_request(
          fmt::format("could not parse formatting clause: precision must be a number of at most {}", kPrecisionMax));
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return precision;
  }

  Result<void> one(char verb, int precision, const Value& value) {
    switch (verb) {
      case 's':
        return text(value, 0);
      case 'd':
        return decimal(value);
      case 'f':
        return floating("fixed-point", value, precision, false);
      case 'e':
        return floating("scientific", value, precision, true);
      case 'b':
        return binary(value);
      case 'o':
        return octal(value);
      default:
        return hexadecimal(value, verb == 'X');
    }
  }

  static Error wrong(std::string_view what, const Value& value) {
    return bad_request(fmt::format("error during formatting: {}, was given {}", what, type_name(value)));
  }

  Result<void> decimal(const Value& value) {
    if (value.is(Kind::kInt))
      out_ += std::to_string(value.as_int());
    else if (value.is(Kind::kUint))
      out_ += std::to_string(value.as_uint());
    else if (value.is(Kind::kDouble))
      out_ += number_text(value.as_double());
    else
      return wrong("decimal clause can only be used on numbers", value);
    return {};
  }

  Result<void> floating(std::string_view name, const Value& value, int precision, bool scientific) {
    if (!value.is_number()) return wrong(fmt::format("{} clause can only be used on numbers", name), value);
    double d = value.is(Kind::kDouble) ? value.as_double()
               : value.is(Kind::kInt)  ? static_cast<double>(value.as_int())
                                       : static_cast<double>(value.as_uint());
    if (!std::isfinite(d)) {
      out_ += number_text(d);
      return {};
    }
    std::string digits(static_cast<std::size_t>(precision) + 400, '\0');
    int n = std::snprintf(digits.data(), digits.size(), scientific ? "%.*e" : "%.*f", precision, d);
    out_.append(digits, 0, static_cast<std::size_t>(n));
    return {};
  }

  void in_base(const Value& value, int base) {
    char digits[72];
    auto end = value.is(Kind::kInt) ? std::to_chars(digits, digits + sizeof(digits), value.as_int(), base)
                                    : std::to_chars(digits, digits + sizeof(digits), value.as_uint(), base);
    out_.append(digits, end.ptr);
  }

  Result<void> binary(const Value& value) {
    if (value.is(Kind::kBool))
      out_ += value.as_bool() ? '1' : '0';
    else if (value.is(Kind::kInt) || value.is(Kind::kUint))
      in_base(value, 2);
    else
      return wrong("only integers and bools can be formatted as binary", value);
    return {};
  }

  Result<void> octal(const Value& value) {
    if (!value.is(Kind::kInt) && !value.is(Kind::kUint)) return wrong("octal clause can only be used on integers", value);
    in_base(value, 8);
    return {};
  }

  Result<void> hexadecimal(const Value& value, bool upper) {
    std::size_t from = out_.size();
    if (value.is(Kind::kInt) || value.is(Kind::kUint))
      in_base(value, 16);
    else if (value.is(Kind::kString) || value.is(Kind::kBytes))
      out_ += hex_encode(value.as_string());
    else
      return wrong("only integers, byte buffers, and strings can be formatted as hex", value);
    if (upper)
      std::transform(out_.begin() + static_cast<std::ptrdiff_t>(from), out_.end(),
                     out_.begin() + static_cast<std::ptrdiff_t>(from),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return {};
  }

  Result<void> text(const Value& value, int depth) {
    if (depth > kDepthMax || out_.size() > kBytesMax) return bad_request("result of format() is too large");
    switch (value.kind()) {
      case Kind::kNull:
        out_ += "null";
        return {};
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return {};
      case Kind::kInt:
      case Kind::kUint:
      case Kind::kDouble:
        return decimal(value);
      case Kind::kBytes:
        if (!is_utf8(value.as_string())) return bad_request("error during formatting: bytes are not valid UTF-8");
        [[fallthrough]];
      case Kind::kString:
      case Kind::kType:
        out_ += value.as_string();
        return {};
      case Kind::kTimestamp:
        out_ += format_rfc3339_nano(value.as_timestamp());
        return {};
      case Kind::kDuration:
        out_ += duration_text(value.as_duration());
        return {};
      case Kind::kList:
        return list(List(value), depth);
      case Kind::kMap:
        return map(Map(value), depth);
      default:
        return wrong(
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
            "timestamps",
            value);
    }
  }

  Result<void> list(const List& items, int depth) {
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out_ += ", ";
      TRY(text(items.at(i, memory_), depth + 1));
    }
    out_ += ']';
    return {};
  }

  // In the order of the keys' text.
  Result<void> map(const Map& members, int depth) {
    std::vector<std::pair<std::string, std::string>> entries;
    std::string outer = std::move(out_);
    for (std::size_t i = 0; i < members.size(); ++i) {
      MapEntry entry = members.entry(i, memory_);
      out_.clear();
      TRY(text(entry.key, depth + 1));
      std::string key = std::move(out_);
      out_.clear();
      TRY(text(entry.value, depth + 1));
      entries.emplace_back(std::move(key), std::move(out_));
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    out_ = std::move(outer) + "{";
    for (std::size_t i = 0; i < entries.size(); ++i) out_ += (i == 0 ? "" : ", ") + entries[i].first + ": " + entries[i].second;
    out_ += '}';
    return {};
  }

  std::string_view rest_;
  const List& args_;
  Memory& memory_;
  std::string out_;
  std::size_t next_ = 0;
};

}  // namespace

Result<std::string> format_string(std::string_view format, const List& args, Memory& memory) {
  return Formatter(format, args, memory).run();
}

}  // namespace plinth::cel
