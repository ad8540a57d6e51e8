#include "compose/schema/apply_marker.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "api/pattern_cache.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/text.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kListType = "x-kubernetes-list-type";
constexpr std::string_view kListMapKeys = "x-kubernetes-list-map-keys";
constexpr std::string_view kValidations = "x-kubernetes-validations";

// A sign is allowed, as in strconv.ParseInt.
std::optional<std::int64_t> integer_of(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return parse_integer<std::int64_t>(text);
}

std::optional<double> number_of(const std::string& text) {
  if (text.empty() || trim(std::string_view(text).substr(0, 1)).empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Whole numbers are written without a fraction.
Value number_value(double value) {
  constexpr double kExact = 9007199254740992.0;
  if (std::trunc(value) == value && std::fabs(value) <= kExact) return Value::of(static_cast<std::int64_t>(value));
  return Value::of(value);
}

class MarkerTarget {
 public:
  MarkerTarget(Draft& draft, Value& schema, std::string_view field, std::vector<std::string>& required)
      : draft_(draft), schema_(schema), field_(field), required_(required) {}

  Result<void> apply(const Marker& marker);
  Result<void> check() const;

 private:
  std::string_view type() const { return schema_["type"].as_string(); }
  Result<void> expect(std::string_view type_wanted, std::string_view marker) const;
  Result<void> set_bound(std::string_view key, const Marker& marker);
  Result<void> set_count(std::string_view key, std::string_view type_wanted, const Marker& marker);
  Result<void> set_default(const Marker& marker);
  Result<void> set_enum(const Marker& marker);
  Result<void> set_pattern(const Marker& marker);
  Result<void> set_list_type(const std::string& value);
  Result<void> set_unique(const Marker& marker);
  Result<void> add_list_key(const Marker& marker);
  void add_rule(std::string_view rule, std::string_view message);

  Draft& draft_;
  Value& schema_;
  std::string_view field_;
  std::vector<std::string>& required_;
};

Result<void> MarkerTarget::apply(const Marker& marker) {
  switch (marker.kind) {
    case MarkerKind::kRequired: {
      auto on = parse_go_bool(marker.value);
      if (!on.ok()) return bad_request("failed to parse required marker value: " + on.error().message());
      if (*on) required_.emplace_back(field_);
      return {};
    }
    case MarkerKind::kDefault:
      return set_default(marker);
    case MarkerKind::kDescription:
      draft_.set(schema_, "description", marker.value);
      return {};
    case MarkerKind::kMinimum:
      return set_bound("minimum", marker);
    case MarkerKind::kMaximum:
      return set_bound("maximum", marker);
    case MarkerKind::kValidation:
      if (trim(marker.value).empty()) return bad_request("validation marker value cannot be empty");
      add_rule(marker.value, "validation failed");
      return {};
    case MarkerKind::kImmutable: {
      auto on = parse_go_bool(marker.value);
      if (!on.ok()) return bad_request("failed to parse immutable marker value: " + on.error().message());
      if (*on) add_rule("self == oldSelf", "field is immutable");
      return {};
    }
    case MarkerKind::kEnum:
      return set_enum(marker);
    case MarkerKind::kPattern:
      return set_pattern(marker);
    case MarkerKind::kUniqueItems:
      return set_unique(marker);
    case MarkerKind::kMinLength:
      return set_count("minLength", "string", marker);
    case MarkerKind::kMaxLength:
      return set_count("maxLength", "string", marker);
    case MarkerKind::kMinItems:
      return set_count("minItems", "array", marker);
    case MarkerKind::kMaxItems:
      return set_count("maxItems", "array", marker);
    case MarkerKind::kListType:
      return set_list_type(marker.value);
    case MarkerKind::kListMapKey:
      return add_list_key(marker);
  }
  return {};
}

Result<void> MarkerTarget::expect(std::string_view type_wanted, std::string_view marker) const {
  if (type() == type_wanted) return {};
  return bad_request(std::string(marker) + " marker is only valid for " + std::string(type_wanted) +
                     " types, got type: " + std::string(type()));
}

Result<void> MarkerTarget::set_bound(std::string_view key, const Marker& marker) {
  const auto value = number_of(marker.value);
  if (!value)
    return bad_request("failed to parse " + std::string(key) + " value: " + quoted(marker.value) + " is not a number");
  draft_.set(schema_, key, number_value(*value));
  return {};
}

Result<void> MarkerTarget::set_count(std::string_view key, std::string_view type_wanted, const Marker& marker) {
  TRY(expect(type_wanted, key));
  const auto value = integer_of(marker.value);
  if (!value || *value < 0)
    return bad_request("failed to parse " + std::string(key) + " value: " + quoted(marker.value) +
                       " is not a whole number of at least 0");
  draft_.set(schema_, key, Value::of(*value));
  return {};
}

Result<void> MarkerTarget::set_default(const Marker& marker) {
  Value made;
  if (type() == "string") {
    made = draft_.text(marker.value);
  } else if (type() == "integer") {
    const auto value = integer_of(marker.value);
    if (!value) return bad_request("default value must be a valid integer, got: " + marker.value);
    made = Value::of(*value);
  } else if (type() == "number") {
    const auto value = number_of(marker.value);
    if (!value) return bad_request("default value must be a valid number, got: " + marker.value);
    made = number_value(*value);
  } else if (type() == "boolean") {
    auto value = parse_go_bool(marker.value);
    if (!value.ok()) return bad_request("default value must be a valid boolean, got: " + marker.value);
    made = Value::of(*value);
  } else {
    auto parsed = parse_json(marker.value);
    if (!parsed.ok()) return bad_request("default value must be valid JSON, got: " + marker.value);
    made = draft_.clone(parsed->root());
  }
  draft_.member(schema_, "default") = made;
  return {};
}

Result<void> MarkerTarget::set_enum(const Marker& marker) {
  Value values = draft_.array();
  for (std::string_view part : split(marker.value, ',')) {
    part = trim(part);
    if (part.empty()) return bad_request("empty enum values are not allowed");
    if (type() == "string") {
      draft_.push(values, draft_.text(part));
    } else if (type() == "integer") {
      const auto value = integer_of(part);
      if (!value) return bad_request("failed to parse integer enum value: " + quoted(part) + " is not an integer");
      draft_.push(values, Value::of(*value));
    } else {
      return bad_request("enum values only supported for string and integer types, got type: " + std::string(type()));
    }
  }
  draft_.member(schema_, "enum") = values;
  return {};
}

Result<void> MarkerTarget::set_pattern(const Marker& marker) {
  if (marker.value.empty()) return bad_request("pattern marker value cannot be empty");
  TRY(expect("string", "pattern"));
  const std::string wrong = api::pattern_error(marker.value);
  if (!wrong.empty()) return bad_request("invalid pattern regex: " + wrong);
  draft_.set(schema_, "pattern", marker.value);
  return {};
}

Result<void> MarkerTarget::set_list_type(const std::string& value) {
  if (type() != "array") return bad_request("listType marker only applies to array types");
  if (value != "atomic" && value != "set" && value != "map") {
    return bad_request("unsupported value for listType " + value + ", needs to be one of atomic, set, or map");
  }
  const std::string before(schema_[kListType].as_string());
  if (!before.empty() && before != value) {
    return bad_request("listType attempting to overwrite set type of " + before + ", uniqueItems=true and listType=" + value +
                       " contradict each other");
  }
  draft_.set(schema_, kListType, value);
  return {};
}

Result<void> MarkerTarget::set_unique(const Marker& marker) {
  auto on = parse_go_bool(marker.value);
  if (!on.ok()) return bad_request("failed to parse uniqueItems marker value: " + on.error().message());
  TRY(expect("array", "uniqueItems"));
  if (!*on) return {};
  const std::string before(schema_[kListType].as_string());
  if (!before.empty() && before != "set") return bad_request("cannot set unique when listType is set to " + before);
  draft_.set(schema_, kListType, "set");
  return {};
}

Result<void> MarkerTarget::add_list_key(const Marker& marker) {
  if (type() != "array") return bad_request("listMapKey marker only applies to array types");
  Value& keys = draft_.member(schema_, kListMapKeys);
  for (const Value& key : keys.items()) {
    if (key.as_string() == marker.value) return bad_request("duplicate listMapKey marker, value " + marker.value);
  }
  draft_.push(keys, draft_.text(marker.value));
  return {};
}

void MarkerTarget::add_rule(std::string_view rule, std::string_view message) {
  Value made = draft_.object();
  draft_.set(made, "rule", rule);
  draft_.set(made, "message", message);
  draft_.push(draft_.member(schema_, kValidations), made);
}

Result<void> MarkerTarget::check() const {
  if (schema_.find(kListMapKeys) == nullptr) return {};
  const std::string_view list_type = schema_[kListType].as_string();
  if (list_type.empty()) return bad_request("listMapKey set while listType is unset, listType must be set to map");
  if (list_type != "map")
    return bad_request("listMapKey set while listType is set to " + std::string(list_type) + ", listType must be set to map");
  return {};
}

}  // namespace

Result<bool> parse_go_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return bad_request("strconv.ParseBool: parsing " + quoted(text) + ": invalid syntax");
}

Result<void> apply_markers(Draft& draft, Value& schema, const std::vector<Marker>& markers, std::string_view field,
                           std::vector<std::string>& required) {
  MarkerTarget target(draft, schema, field, required);
  for (const Marker& marker : markers) TRY(target.apply(marker));
  return target.check();
}

}  // namespace plinth::compose
