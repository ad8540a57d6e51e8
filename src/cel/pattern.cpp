#include "cel/pattern.h"

#include <fmt/core.h>
#include <re2/re2.h>

namespace plinth::cel {

Pattern::Pattern(std::unique_ptr<re2::RE2> re2) : re2_(std::move(re2)) {}
Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return bad_request(fmt::format("error parsing regexp: {}", compiled->error()));
  return std::shared_ptr<const Pattern>(std::make_shared<Pattern>(std::move(compiled)));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re2_);
}

Result<Prepared> prepare_pattern(const Value& constant) {
  if (!constant.is(Kind::kString)) return bad_request("a pattern must be a string");
  auto pattern = TRY(Pattern::compile(constant.as_string()));
  return Prepared(std::move(pattern));
}

const Pattern* pattern_of(CallContext& context, const Value& pattern, std::shared_ptr<const Pattern>& holder, Value* error) {
  if (context.prepared != nullptr) return context.prepared_as<Pattern>();
  auto compiled = Pattern::compile(pattern.as_string());
  if (!compiled.ok()) {
    *error = context.error(compiled.error().message());
    return nullptr;
  }
  holder = std::move(compiled).value();
  return holder.get();
}

}  // namespace plinth::cel
