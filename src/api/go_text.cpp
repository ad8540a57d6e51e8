#include "api/go_text.h"

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/quoted.h"

namespace plinth::api {
std::string go_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(end.ptr - buffer));
  int exponent = 0;
  const char* digits = buffer + scientific.find('e') + 1;
  std::from_chars(*digits == '+' ? digits + 1 : digits, end.ptr, exponent);
  // strconv's 'g' format with the shortest precision uses an exponent below 1e-4 and from 1e6 on.
  if (exponent >= -4 && exponent < 6) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return std::string(buffer, end.ptr);
  }
  return std::string(scientific);
}

std::string go_value(const Value& value) {
  if (value.is_string()) return quoted(value.as_string());
  if (value.is_double()) return go_float(value.as_double());
  return to_json(value);
}

}  // namespace plinth::api
