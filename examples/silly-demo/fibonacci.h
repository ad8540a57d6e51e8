#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silly_demo {

// A whole decimal number with an optional sign; nothing for anything else.
std::optional<long> parse_number(std::string_view text);

// Computed by naive recursion on purpose: it is how the walk-throughs make load. Numbers up to 1 are themselves.
long fibonacci(long number);

// The answer to a request for a Fibonacci number that came as text: the number, or "X is not a number".
std::string answer_fibonacci(std::string_view text);

}  // namespace silly_demo
