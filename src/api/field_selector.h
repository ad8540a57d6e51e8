// Field selectors: "metadata.name=x,status.phase!=Running". Values escape ',', '=' and '\' with a backslash. Errors are worded
// as apimachinery's fields package words them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plinth::api {

struct FieldRequirement {
  std::string field;
  std::string value;
  bool equals = true;  // false: "!="
};

// Which fields of a kind can be selected by.
struct SelectableFields {
  std::span<const std::string_view> extra;  // besides metadata.name and metadata.namespace, without a leading dot
  bool namespaced = true;
  // Kinds without fields of their own are refused in other words by upstream; custom resources never are such kinds.
  bool custom_resource = false;
};

// Terms that must all hold; none: everything matches. Immutable, safe to share between threads.
class FieldSelector {
 public:
  FieldSelector() = default;
  static Result<FieldSelector> parse(std::string_view text);  // errors are BadRequest

  // `value_of(field)` gives a std::string_view, empty for a field that the object does not have.
  template <typename ValueOf>
  bool matches_with(const ValueOf& value_of) const {
    for (const FieldRequirement& r : requirements_) {
      if ((value_of(std::string_view(r.field)) == std::string_view(r.value)) != r.equals) return false;
    }
    return true;
  }
  bool matches(std::span<const std::pair<std::string, std::string>> fields) const;  // any order

  bool matches_everything() const { return requirements_.empty(); }
  std::span<const FieldRequirement> requirements() const { return requirements_; }
  // The value that the selector asks of this field; nullopt when it does not ask for one.
  std::optional<std::string_view> exact(std::string_view field) const;
  std::string to_string() const;  // parses back to the same selector
  // BadRequest that names the first field that the kind cannot be selected by.
  Result<void> check(const SelectableFields& known) const;

 private:
  std::vector<FieldRequirement> requirements_;
};

std::string escape_field_value(std::string_view value);
Result<std::string> unescape_field_value(std::string_view text);

}  // namespace plinth::api
