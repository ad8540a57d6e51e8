#include "api/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace plinth::api {
namespace {

using Wide = __int128;

constexpr int kDigitsMax = 36;
constexpr int kNano = -9;
// Values from 10^kExponentMax on are refused, so that none is unbounded work.
constexpr int kExponentMax = 1000;
constexpr int kSuffixExponentMax = 1'000'000;
constexpr int kFastDigitsMax = 18;  // of upstream's int64 form, which decides whether a spelling is kept

constexpr std::string_view kFormatError =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

Wide power_of_ten(int n) {
  Wide out = 1;
  for (; n > 0; --n) out *= 10;
  return out;
}

int digit_count(Wide v) {
  if (v < 0) v = -v;
  int n = 0;
  for (; v != 0; v /= 10) ++n;
  return n;
}

std::string wide_text(Wide v) {
  if (v == 0) return "0";
  const bool negative = v < 0;
  if (negative) v = -v;
  std::string out;
  for (; v != 0; v /= 10) out += static_cast<char>('0' + static_cast<int>(v % 10));
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

// Divides the magnitude by 10^n, away from zero.
Wide cut_digits(Wide v, int n) {
  if (n > kDigitsMax + 1) return v > 0 ? 1 : v < 0 ? -1 : 0;
  const Wide unit = power_of_ten(n);
  const Wide quotient = v / unit;
  return v % unit == 0 ? quotient : quotient + (v > 0 ? 1 : -1);
}

struct Suffix {
  std::string_view text;
  int base;
  int exponent;
};
constexpr Suffix kSuffixes[] = {{"", 10, 0},   {"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"k", 10, 3},  {"M", 10, 6},
                                {"G", 10, 9},  {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
                                {"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& rest) {
  std::size_t n = 0;
  while (n < rest.size() && is_digit(rest[n])) ++n;
  const std::string_view digits = rest.substr(0, n);
  rest.remove_prefix(n);
  return digits;
}

}  // namespace

// The parts of a quantity's text.
struct QuantityParser {
  bool negative = false;
  std::string_view whole;  // without leading zeros; "0" when empty
  std::string_view fraction;
  std::string_view suffix;
  int base = 10;
  int exponent = 0;
  Quantity::Format format = Quantity::Format::kDecimalSi;

  Result<void> split(std::string_view text) {
    if (text.empty()) return bad_request(std::string(kFormatError));
    std::string_view rest = text;
    if (rest[0] == '-' || rest[0] == '+') {
      negative = rest[0] == '-';
      rest.remove_prefix(1);
    }
    while (!rest.empty() && rest[0] == '0') rest.remove_prefix(1);
    whole = take_digits(rest);
    if (whole.empty()) whole = "0";
    if (!rest.empty() && rest[0] == '.') {
      rest.remove_prefix(1);
      fraction = take_digits(rest);
    }
    suffix = rest;
    while (!rest.empty() && std::string_view("eEinumkKMGTP").find(rest[0]) != std::string_view::npos) rest.remove_prefix(1);
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
    take_digits(rest);
    if (!rest.empty()) return bad_request(std::string(kFormatError));
    return interpret();
  }

  Result<void> interpret() {
    for (const Suffix& s : kSuffixes) {
      if (s.text != suffix) continue;
      base = s.base;
      exponent = s.exponent;
      format = base == 2 ? Quantity::Format::kBinarySi : Quantity::Format::kDecimalSi;
      return {};
    }
    if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
      std::string_view digits = suffix.substr(1);
      if (digits[0] == '+') digits.remove_prefix(1);
      const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
      const bool in_range = exponent >= -kSuffixExponentMax && exponent <= kSuffixExponentMax;
      if (!digits.empty() && end.ec == std::errc() && end.ptr == digits.data() + digits.size() && in_range) {
        format = Quantity::Format::kDecimalExponent;
        return {};
      }
    }
    return bad_request("unable to parse quantity's suffix");
  }

  Result<Quantity> number() const {
    Wide mantissa = 0;
    int scale = 0;
    int digits = 0;
    int zeros = 0;  // not yet added, so that trailing ones cost no digits
    const auto add = [&](char c, bool after_point) {
      if (after_point) --scale;
      if (c == '0') {
        zeros += mantissa != 0 ? 1 : 0;
        return true;
      }
      digits += mantissa == 0 ? 1 : zeros + 1;
      if (digits > kDigitsMax) return false;
      mantissa = mantissa * power_of_ten(zeros + 1) + (c - '0');
      zeros = 0;
      return true;
    };
    bool fits = true;
    for (char c : whole) fits = fits && add(c, false);
    for (char c : fraction) fits = fits && add(c, true);
    if (!fits) return bad_request("unable to parse numeric part of quantity");
    Quantity out;
    out.format_ = format;
    out.mantissa_ = mantissa;
    out.exponent_ = mantissa == 0 ? 0 : scale + zeros;
    if (base == 10)
      out.exponent_ += mantissa == 0 ? 0 : exponent;
    else
      TRY(to_binary(out));
    if (out.exponent_ < kNano) {
      out.mantissa_ = cut_digits(out.mantissa_, kNano - out.exponent_);
      out.exponent_ = kNano;
    }
    if (negative) out.mantissa_ = -out.mantissa_;
    out.normalize();
    if (out.exponent_ > kExponentMax) return bad_request("unable to parse quantity's suffix");
    return out;
  }

  // Multiplies by 2^exponent. The result is at most 2^63-1.
  Result<void> to_binary(Quantity& out) const {
    static const Quantity kMax(std::numeric_limits<std::int64_t>::max(), Quantity::Format::kBinarySi);
    if (digit_count(out.mantissa_) + out.exponent_ > 19) {
      out = kMax;
      return {};
    }
    const Wide factor = Wide{1} << exponent;
    if (__builtin_mul_overflow(out.mantissa_, factor, &out.mantissa_))
      return bad_request("unable to parse numeric part of quantity");
    if (out.compare(kMax) > 0) out = kMax;
    return {};
  }

  // Whether upstream keeps the text as it was given: its int64 form would print the same scale.
  bool keeps_spelling() const {
    const int digits = static_cast<int>(whole.size() + fraction.size());
    if (base == 2) {
      if (!fraction.empty() || 15 - static_cast<int>(whole.size()) - exponent * 3 / 10 - 1 < 0) return false;
      return whole.back() % 2 != 0 || last_three_bits() != 0;
    }
    const int scale = exponent - static_cast<int>(fraction.size());
    if (digits > kFastDigitsMax || scale < kNano || scale % 3 != 0) return false;
    const std::string all = std::string(whole) + std::string(fraction);
    return all[0] != '0' && !(all.size() >= 3 && all.compare(all.size() - 3, 3, "000") == 0);
  }
  // The usual "256Mi": short digits that 1024 does not divide, below the cap. Spares the wide arithmetic.
  bool is_plain_binary(std::string_view text) const {
    if (base != 2 || exponent > 40 || whole.size() > 4 || text.size() != whole.size() + suffix.size()) return false;
    int value = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), value);
    return value % 1024 != 0;
  }
  int last_three_bits() const {
    std::int64_t v = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), v);
    return static_cast<int>(v & 7);
  }
};

Result<Quantity> Quantity::parse(std::string_view text) {
  QuantityParser parts;
  TRY(parts.split(text));
  return parts.number();
}

void Quantity::normalize() {
  if (mantissa_ == 0) exponent_ = 0;
  while (mantissa_ != 0 && mantissa_ % 10 == 0) {
    mantissa_ /= 10;
    ++exponent_;
  }
}

Quantity Quantity::negated() const {
  Quantity out = *this;
  out.mantissa_ = -out.mantissa_;
  return out;
}

int Quantity::compare(const Quantity& other) const {
  if (sign() != other.sign()) return sign() < other.sign() ? -1 : 1;
  if (is_zero()) return 0;
  const int left = digit_count(mantissa_) + exponent_;
  const int right = digit_count(other.mantissa_) + other.exponent_;
  if (left != right) return (left < right) == (sign() > 0) ? -1 : 1;
  // The same magnitude: aligned to the lower exponent both have at most kDigitsMax digits and some zeros.
  const int low = std::min(exponent_, other.exponent_);
  const Wide a = mantissa_ * power_of_ten(exponent_ - low);
  const Wide b = other.mantissa_ * power_of_ten(other.exponent_ - low);
  return a < b ? -1 : a > b ? 1 : 0;
}

Quantity Quantity::operator+(const Quantity& other) const {
  Quantity a = *this;
  Quantity b = other;
  if (a.is_zero()) {
    b.format_ = other.format_;
    return b;
  }
  if (b.is_zero()) return a;
  a.normalize();
  b.normalize();
  // Align to the lower exponent as far as digits allow.
  const int top = std::max(digit_count(a.mantissa_) + a.exponent_, digit_count(b.mantissa_) + b.exponent_);
  const int low = std::max(std::min(a.exponent_, b.exponent_), top - kDigitsMax);
  const auto aligned = [&](const Quantity& q) {
    return q.exponent_ >= low ? q.mantissa_ * power_of_ten(q.exponent_ - low) : cut_digits(q.mantissa_, low - q.exponent_);
  };
  Quantity out;
  out.format_ = format_;
  out.mantissa_ = aligned(a) + aligned(b);
  out.exponent_ = low;
  out.normalize();
  return out;
}

std::int64_t Quantity::scaled(int exponent) const {
  static constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  static constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  const int shift = exponent_ - exponent;
  Wide v = mantissa_;
  if (shift < 0)
    v = cut_digits(v, -shift);
  else if (digit_count(v) + shift > 20)
    return sign() > 0 ? kMax : kMin;
  else
    v *= power_of_ten(shift);
  return v > kMax ? kMax : v < kMin ? kMin : static_cast<std::int64_t>(v);
}

std::string Quantity::decimal_text(Format format) const {
  Quantity q = *this;
  q.normalize();
  while (q.exponent_ % 3 != 0) {
    q.mantissa_ *= 10;
    --q.exponent_;
  }
  std::string out = wide_text(q.mantissa_);
  if (q.exponent_ == 0) return out;
  if (format == Format::kDecimalExponent) return out + "e" + std::to_string(q.exponent_);
  for (const Suffix& s : kSuffixes) {
    if (s.base == 10 && s.exponent == q.exponent_) return out + std::string(s.text);
  }
  return out;  // beyond E: upstream prints no suffix either
}

double Quantity::approximate() const { return static_cast<double>(mantissa_) * std::pow(10.0, exponent_); }

std::string Quantity::text() const {
  if (is_zero()) return "0";
  if (format_ != Format::kBinarySi) return decimal_text(format_);
  static const Quantity kUnit(1024, Format::kBinarySi);
  Quantity q = *this;
  q.normalize();
  const bool small = q.compare(kUnit) < 0 && q.compare(kUnit.negated()) > 0;
  if (small || q.exponent_ < 0 || digit_count(q.mantissa_) + q.exponent_ > kDigitsMax) return decimal_text(Format::kDecimalSi);
  Wide amount = q.mantissa_ * power_of_ten(q.exponent_);
  int exponent = 0;
  for (; exponent < 60 && amount % 1024 == 0; exponent += 10) amount /= 1024;
  std::string out = wide_text(amount);
  for (const Suffix& s : kSuffixes) {
    if (s.base == 2 && s.exponent == exponent) out += s.text;
  }
  return out;
}

Result<bool> canonical_quantity(std::string_view text, std::string& out) {
  if (text == "0") return false;
  QuantityParser parts;
  TRY(parts.split(text));
  if (parts.is_plain_binary(text)) return false;
  // Only an exponent of its own can be out of range.
  if (parts.format != Quantity::Format::kDecimalExponent && parts.keeps_spelling()) return false;
  const Quantity value = TRY(parts.number());
  if (parts.keeps_spelling()) return false;
  std::string canonical = value.text();
  if (canonical == text) return false;
  out = std::move(canonical);
  return true;
}

}  // namespace plinth::api
