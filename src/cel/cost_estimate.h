// What an expression costs at least and at most, before it is evaluated: by the sizes that schemas put bounds on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/checker.h"
#include "cel/cost.h"

namespace plinth::cel {

// Bounds of the parts of variables: what maxLength, maxItems, maxProperties and formats say.
class SizeHints {
 public:
  virtual ~SizeHints() = default;
  // `path` is the variable, then fields, "@items", "@indices", "@keys" and "@values". Of a value that no variable holds, the
  // first is what was taken out of it, and it counts as a variable. Nothing: not known; unbounded then.
  virtual std::optional<SizeRange> size_of(std::span<const std::string> path, const Type& type) const = 0;
};

CostRange estimate_cost(const CheckedAst& checked, const SizeHints* hints);

// Parsed and checked first; errors are those of compile().
Result<CostRange> estimate_cost(std::string_view expression, const Environment& environment, const SizeHints* hints);

}  // namespace plinth::cel
