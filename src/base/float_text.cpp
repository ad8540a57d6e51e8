#include "base/float_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace plinth {
namespace {

// d = 0.DIGITS * 10^point
struct Decimal {
  bool negative = false;
  std::string digits;
  int point = 0;
};

template <typename Float>
Decimal shortest(Float f) {
  char buffer[40];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, f, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::size_t e = text.find('e');
  Decimal out;
  for (char c : text.substr(0, e)) {
    if (c == '-')
      out.negative = true;
    else if (c != '.')
      out.digits += c;
  }
  const char* exponent = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(exponent, end, out.point);
  if (f != 0)
    out.point += 1;
  else
    out.point = 1;
  return out;
}

void append_fixed(std::string& out, const Decimal& d) {
  int count = static_cast<int>(d.digits.size());
  if (d.point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-d.point), '0');
    out += d.digits;
  } else if (d.point >= count) {
    out += d.digits;
    out.append(static_cast<std::size_t>(d.point - count), '0');
  } else {
    out.append(d.digits, 0, static_cast<std::size_t>(d.point));
    out += '.';
    out.append(d.digits, static_cast<std::size_t>(d.point));
  }
}

void append_scientific(std::string& out, const Decimal& d, int exponent_digits_min) {
  out += d.digits[0];
  if (d.digits.size() > 1) {
    out += '.';
    out.append(d.digits, 1);
  }
  int exponent = d.point - 1;
  out += exponent < 0 ? "e-" : "e+";
  std::string digits = std::to_string(std::abs(exponent));
  if (static_cast<int>(digits.size()) < exponent_digits_min) out += '0';
  out += digits;
}

template <typename Float>
void append_general(std::string& out, Float f) {
  constexpr int kExponentMin = -4, kExponentMax = 6;
  Decimal d = shortest(f);
  if (d.negative) out += '-';
  int exponent = d.point - 1;
  if (exponent < kExponentMin || exponent >= kExponentMax)
    append_scientific(out, d, 2);
  else
    append_fixed(out, d);
}

}  // namespace

void append_json_double(std::string& out, double d) {
  if (!std::isfinite(d)) {
    out += "null";
    return;
  }
  Decimal decimal = shortest(d);
  if (decimal.negative) out += '-';
  double magnitude = std::fabs(d);
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21))
    append_scientific(out, decimal, 1);
  else
    append_fixed(out, decimal);
}

void append_g(std::string& out, double d) { append_general(out, d); }
void append_g32(std::string& out, double d) { append_general(out, static_cast<float>(d)); }

}  // namespace plinth
