#include "fibonacci.h"

#include <charconv>

namespace silly_demo {

std::optional<long> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

long fibonacci(long number) { return number <= 1 ? number : fibonacci(number - 1) + fibonacci(number - 2); }

std::string answer_fibonacci(std::string_view text) {
  const auto number = parse_number(text);
  return number ? std::to_string(fibonacci(*number)) : std::string(text) + " is not a number";
}

}  // namespace silly_demo
