#include "compose/expression/expression_text.h"

#include "base/quoted.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kOpen = "${";

// The position of the brace that closes the expression starting at `from` (after its "${"); npos when there is none.
Result<std::size_t> closing_brace(std::string_view text, std::size_t from) {
  int depth = 1;
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
      continue;
    }
    if (c == '"')
      quoted = true;
    else if (c == '{')
      ++depth;
    else if (c == '}' && --depth == 0)
      return i;
    else if (text.substr(i).starts_with(kOpen))
      return bad_request("nested expressions are not allowed unless inside string literals");
  }
  return std::string_view::npos;
}

}  // namespace

Result<std::vector<FoundExpression>> find_expressions(std::string_view text) {
  std::vector<FoundExpression> found;
  std::size_t at = text.find(kOpen);
  while (at != std::string_view::npos) {
    const std::size_t begin = at + kOpen.size();
    const std::size_t close = TRY(closing_brace(text, begin));
    if (close == std::string_view::npos) {
      at = text.find(kOpen, begin);
      continue;
    }
    found.push_back({text.substr(begin, close - begin), at, close + 1});
    at = text.find(kOpen, close + 1);
  }
  return found;
}

bool is_standalone(std::string_view text, const std::vector<FoundExpression>& found) {
  return found.size() == 1 && found[0].begin == 0 && found[0].end == text.size();
}

Result<std::string_view> standalone_expression(std::string_view text) {
  const std::vector<FoundExpression> found = TRY(find_expressions(text));
  if (is_standalone(text, found)) return found[0].text;
  if (text.ends_with('\n') && is_standalone(text.substr(0, text.size() - 1), found)) {
    return bad_request("only standalone expressions are allowed: " + quoted(text) +
                       " ends in a line break (write the YAML block as |- instead of |)");
  }
  return bad_request("only standalone expressions are allowed: " + quoted(text) + " is not exactly one ${...}");
}

}  // namespace plinth::compose
