// Label selectors: the string form of list and watch requests, the object form of specs, and matching. Errors are worded as
// apimachinery's labels package words them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/field_error.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// An object's labels, sorted by key.
using Labels = std::vector<std::pair<std::string, std::string>>;
Labels labels_of(const Value& labels);  // from metadata.labels; what is no string counts as ""

enum class SelectorOperator : std::uint8_t {
  kIn,
  kNotIn,
  kEquals,
  kDoubleEquals,
  kNotEquals,
  kExists,
  kDoesNotExist,
  kGreaterThan,
  kLessThan,
};

struct LabelRequirement {
  std::string key;
  SelectorOperator op = SelectorOperator::kExists;
  std::vector<std::string> values;  // sorted when they come from text, in the order given otherwise

  // `value` is null when the object does not have the label.
  bool matches(const std::string_view* value) const;
  std::string to_string() const;
};

// Requirements that must all hold; none: everything matches. Immutable, safe to share between threads.
class LabelSelector {
 public:
  LabelSelector() = default;
  static LabelSelector everything() { return {}; }
  static LabelSelector nothing();
  // "a=b,c in (d,e),!f". Errors are BadRequest.
  static Result<LabelSelector> parse(std::string_view text);
  // A LabelSelector object; null selects nothing and {} selects everything. Errors are BadRequest.
  static Result<LabelSelector> from_object(const Value& selector);
  // A plain map of labels (Service.spec.selector); null and {} select everything. Nothing is validated.
  static LabelSelector from_map(const Value& labels);

  bool matches(std::span<const std::pair<std::string, std::string>> labels) const;  // sorted by key
  bool matches(const Value& labels) const;                                          // metadata.labels or null
  bool matches_everything() const { return !nothing_ && requirements_.empty(); }
  bool matches_nothing() const { return nothing_; }
  std::span<const LabelRequirement> requirements() const { return requirements_; }  // sorted by key
  // The one value that the selector asks of this label; nullopt when it does not ask for one.
  std::optional<std::string_view> exact(std::string_view key) const;
  std::string to_string() const;  // parses back to the same selector

 private:
  explicit LabelSelector(std::vector<LabelRequirement> requirements);
  bool nothing_ = false;
  std::vector<LabelRequirement> requirements_;
};

// What is wrong with a LabelSelector object found at `path`.
void validate_label_selector(const Value& selector, std::string_view path, FieldErrors& errors);

}  // namespace plinth::api
