// Regular expressions (RE2, Go's syntax), compiled once where the pattern is a constant.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/function.h"

namespace re2 {
class RE2;
}

namespace plinth::cel {

class Pattern {
 public:
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view pattern);
  ~Pattern();

  // Anywhere in the text.
  bool matches(std::string_view text) const;
  const re2::RE2& re2() const { return *re2_; }

  explicit Pattern(std::unique_ptr<re2::RE2> re2);

 private:
  std::unique_ptr<re2::RE2> re2_;
};

// For Overload::preparing.
Result<Prepared> prepare_pattern(const Value& constant);

// The pattern of a call: prepared, or compiled now into `holder`; null after an error in `error`.
const Pattern* pattern_of(CallContext& context, const Value& pattern, std::shared_ptr<const Pattern>& holder, Value* error);

}  // namespace plinth::cel
