// Helpers of the strategies' table tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "api/strategies/strategy.h"
#include "base/json.h"

namespace plinth::api {

inline Document parsed(std::string_view text) {
  auto document = parse_json(text);
  REQUIRE_MESSAGE(document.ok(), text);
  return *document;
}

// "spec.a FieldValueRequired; spec.b[0] FieldValueInvalid" in order of path.
inline std::string brief(const FieldErrors& errors) {
  std::vector<std::string> lines;
  for (const FieldError& error : errors) {
    lines.push_back(error.field + " " + std::string(field_error_reason(error.type)).substr(sizeof("FieldValue") - 1));
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

inline const Strategy& strategy_of(std::string_view group, std::string_view kind) {
  const Strategy* strategy = find_strategy(group, kind);
  REQUIRE_MESSAGE(strategy != nullptr, kind);
  return *strategy;
}

// What create says about an object that is already defaulted.
inline std::string create_errors(std::string_view group, std::string_view kind, std::string_view text) {
  const Strategy& strategy = strategy_of(group, kind);
  const Document document = parsed(text);
  FieldErrors errors;
  if (strategy.validate != nullptr) strategy.validate(document.root(), errors);
  if (strategy.validate_create != nullptr) strategy.validate_create(document.root(), errors);
  return brief(errors);
}

inline std::string update_errors(std::string_view group, std::string_view kind, std::string_view text, std::string_view old) {
  const Strategy& strategy = strategy_of(group, kind);
  const Document now = parsed(text), before = parsed(old);
  FieldErrors errors;
  if (strategy.validate_update != nullptr) strategy.validate_update(now.root(), before.root(), errors);
  return brief(errors);
}

struct DefaultCase {
  std::string_view group, kind, given, want;
};

inline void check_defaults(std::span<const DefaultCase> cases) {
  for (const DefaultCase& c : cases) {
    Draft draft(parsed(c.given));
    strategy_of(c.group, c.kind).default_(draft);
    const std::string once = to_json(draft.root());
    CHECK_MESSAGE(equal(draft.root(), parsed(c.want).root()), once);
    strategy_of(c.group, c.kind).default_(draft);
    CHECK_MESSAGE(to_json(draft.root()) == once, "not idempotent: ", c.kind);
  }
}

}  // namespace plinth::api
