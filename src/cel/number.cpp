#include "cel/number.h"

#include <charconv>

namespace plinth::cel {
namespace {

std::optional<double> named_double(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::string lower;
  for (char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower == "nan") return std::nan("");
  if (lower == "inf" || lower == "infinity") return negative ? -HUGE_VAL : HUGE_VAL;
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_double(std::string_view text) {
  if (auto named = named_double(text)) return named;
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  if (digits.empty() || digits[0] == '+' || (digits.size() != text.size() && digits[0] == '-')) return std::nullopt;
  std::size_t first = digits[0] == '-' ? 1 : 0;
  if (first >= digits.size() || !((digits[first] >= '0' && digits[first] <= '9') || digits[first] == '.')) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(digits).c_str(), nullptr);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string double_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), d, std::chars_format::scientific);
  (void)error;
  std::string_view scientific(buffer, static_cast<std::size_t>(end - buffer));
  int exponent = std::atoi(std::string(scientific.substr(scientific.find('e') + 1)).c_str());
  if (exponent >= -4 && exponent < 21) {
    auto [fixed_end, fixed_error] = std::to_chars(buffer, buffer + sizeof(buffer), d, std::chars_format::fixed);
    (void)fixed_error;
    return std::string(buffer, fixed_end);
  }
  return std::string(scientific);
}

}  // namespace plinth::cel
