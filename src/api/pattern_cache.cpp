#include "api/pattern_cache.h"

#include <re2/re2.h>

namespace plinth::api {
namespace {

constexpr std::int64_t kPatternBytesMax = 1 << 20;  // memory of one compiled pattern

std::unique_ptr<re2::RE2> compile(std::string_view pattern) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kPatternBytesMax);
  return std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

}  // namespace

PatternCache::PatternCache() = default;
PatternCache::~PatternCache() = default;

bool PatternCache::matches(std::string_view pattern, std::string_view text, std::string* error) {
  const re2::RE2* expression = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = compiled_[std::string(pattern)];
    if (slot == nullptr) slot = compile(pattern);
    expression = slot.get();
  }
  if (!expression->ok()) {
    if (error != nullptr) *error = expression->error();
    return false;
  }
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

std::string pattern_error(std::string_view pattern) {
  const auto expression = compile(pattern);
  return expression->ok() ? std::string() : expression->error();
}

}  // namespace plinth::api
