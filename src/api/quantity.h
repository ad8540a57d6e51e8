// Kubernetes' resource quantities (apimachinery resource.Quantity): exact decimal numbers with a family of suffixes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::api {

class Quantity {
 public:
  enum class Format : std::uint8_t { kDecimalSi, kBinarySi, kDecimalExponent };

  Quantity() = default;  // 0
  Quantity(std::int64_t value, Format format) : mantissa_(value), format_(format) {}

  // Values finer than nano are rounded away from zero; binary ones are capped at 2^63-1. Errors are BadRequest and have
  // upstream's text. More than 36 significant digits are refused.
  static Result<Quantity> parse(std::string_view text);

  Format format() const { return format_; }
  bool is_zero() const { return mantissa_ == 0; }
  int sign() const { return mantissa_ > 0 ? 1 : mantissa_ < 0 ? -1 : 0; }
  // Negative, zero or positive as *this is less, equal or greater. The format does not matter.
  int compare(const Quantity& other) const;

  // The format of the left side stays unless it is zero. Sums that need more than 36 digits lose the least significant ones.
  Quantity operator+(const Quantity& other) const;
  Quantity operator-(const Quantity& other) const { return *this + other.negated(); }
  Quantity negated() const;

  // Rounded away from zero to a whole number of units, or thousandths; saturates.
  std::int64_t value() const { return scaled(0); }
  std::int64_t milli_value() const { return scaled(-3); }

  // As near as a double comes.
  double approximate() const;

  // The canonical text: no fraction, the largest suffix of the family that is exact ("500m", "1536Mi").
  std::string text() const;

 private:
  using Wide = __int128;
  std::int64_t scaled(int exponent) const;
  void normalize();
  std::string decimal_text(Format format) const;
  friend struct QuantityParser;

  // mantissa_ * 10^exponent_; exponent_ is at least -9, and the mantissa of a normalized value has no trailing zero.
  Wide mantissa_ = 0;
  std::int32_t exponent_ = 0;
  Format format_ = Format::kDecimalSi;
};

// What a built-in kind stores for a quantity. Upstream keeps some spellings that are not canonical ("1.500", "+5"); so does
// this. `out` is left alone when the text stays as it is; returns whether it was set.
Result<bool> canonical_quantity(std::string_view text, std::string& out);

}  // namespace plinth::api
