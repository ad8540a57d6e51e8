// Text to a syntax tree: the whole grammar, macros expanded.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cel/ast.h"
#include "cel/macros.h"

namespace plinth::cel {

struct ParseOptions {
  std::span<const Macro* const> macros;  // none: calls stay calls
  bool optional_syntax = true;           // `.?`, `[?`, `{?`
  std::size_t code_points_max = 100'000;
  int nesting_max = 250;  // of brackets, calls, unary and conditional operators
  int depth_max = 1'000;  // of the tree, chains of operators included
};

// Errors are Invalid, with position and caret.
Result<Ast> parse(std::string_view source, const ParseOptions& options);

}  // namespace plinth::cel
