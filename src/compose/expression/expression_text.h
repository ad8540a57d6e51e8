// Finding `${...}` in the strings of a template.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::compose {

struct FoundExpression {
  std::string_view text;  // between ${ and }
  std::size_t begin = 0;  // of "${"
  std::size_t end = 0;    // after "}"
};

// Braces are counted; what stands between double quotes is skipped, backslash escapes honoured. An unclosed `${` is plain text.
// A `${` inside an expression is refused unless a double quote precedes it: `${"${VAR}"}` yields the text ${VAR}.
Result<std::vector<FoundExpression>> find_expressions(std::string_view text);

// Whether the text is exactly one expression, nothing around it.
bool is_standalone(std::string_view text, const std::vector<FoundExpression>& found);

// The one expression of a condition or forEach; refused when anything stands around it.
Result<std::string_view> standalone_expression(std::string_view text);

}  // namespace plinth::compose
