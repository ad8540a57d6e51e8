#include "api/leaf.h"

#include <limits>

#include "api/go_base64.h"
#include "api/quantity.h"
#include "api/time_error.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

// Go's zero time, 0001-01-01T00:00:00Z, which the API treats as unset.
constexpr TimeStamp kZeroTime{-62135596800, 0};

// What Go's decoder calls a JSON value.
std::string_view json_kind(const Value& v) {
  switch (v.type()) {
    case Value::Type::kNull:
      return "null";
    case Value::Type::kBool:
      return "bool";
    case Value::Type::kInt:
    case Value::Type::kDouble:
      return "number";
    case Value::Type::kString:
      return "string";
    case Value::Type::kArray:
      return "array";
    case Value::Type::kObject:
      return "object";
  }
  return "";
}

LeafOutcome fail(std::string& error, std::string text) {
  error = std::move(text);
  return LeafOutcome::kError;
}

LeafOutcome not_a_string(const Value& in, std::string& error) {
  return fail(error, "json: cannot unmarshal " + std::string(json_kind(in)) + " into Go value of type string");
}

LeafOutcome changed(Draft& draft, std::string_view before, const std::string& after, Value& out) {
  if (before == after) return LeafOutcome::kSame;
  out = draft.text(after);
  return LeafOutcome::kChanged;
}

LeafOutcome time_leaf(const Value& in, bool micro, Draft& draft, Value& out, std::string& error) {
  if (!in.is_string()) return not_a_string(in, error);
  const auto parsed = micro ? parse_rfc3339_micro(in.as_string()) : parse_rfc3339(in.as_string());
  if (!parsed) return fail(error, time_error(in.as_string(), micro));
  if (*parsed == kZeroTime) return LeafOutcome::kUnset;
  return changed(draft, in.as_string(), micro ? format_rfc3339_micro(*parsed) : format_rfc3339(*parsed), out);
}

LeafOutcome duration_leaf(const Value& in, Draft& draft, Value& out, std::string& error) {
  if (!in.is_string()) return not_a_string(in, error);
  const auto parsed = parse_duration(in.as_string());
  if (!parsed) return fail(error, "time: invalid duration " + quoted(in.as_string()));
  return changed(draft, in.as_string(), format_duration(*parsed), out);
}

// Numbers are taken by their JSON text, as upstream does.
LeafOutcome quantity_leaf(const Value& in, Draft& draft, Value& out, std::string& error) {
  const std::string number = in.is_string() ? std::string() : to_json(in);
  const std::string_view text = in.is_string() ? trim(in.as_string()) : std::string_view(number);
  std::string canonical;
  const auto differs = canonical_quantity(text, canonical);
  if (!differs.ok()) return fail(error, differs.error().message());
  if (!*differs && in.is_string() && text.size() == in.as_string().size()) return LeafOutcome::kSame;
  out = draft.text(*differs ? std::string_view(canonical) : text);
  return LeafOutcome::kChanged;
}

LeafOutcome int_or_string_leaf(const Value& in, std::string& error) {
  if (in.is_string()) return LeafOutcome::kSame;
  const bool fits = in.is_int() && in.as_int() >= std::numeric_limits<std::int32_t>::min() &&
                    in.as_int() <= std::numeric_limits<std::int32_t>::max();
  if (fits) return LeafOutcome::kSame;
  const std::string what = in.is_number() ? "number " + to_json(in) : std::string(json_kind(in));
  return fail(error, "json: cannot unmarshal " + what + " into Go value of type int32");
}

LeafOutcome bytes_leaf(const Value& in, Draft& draft, Value& out, std::string& error) {
  const auto plain = go_base64_decode(in.as_string());
  if (!plain.ok()) return fail(error, plain.error().message());
  return changed(draft, in.as_string(), base64_encode(*plain), out);
}

}  // namespace

LeafOutcome canonical_leaf(Wire wire, const Value& in, Draft& draft, Value& out, std::string& error) {
  switch (wire) {
    case Wire::kTime:
      return time_leaf(in, false, draft, out, error);
    case Wire::kMicroTime:
      return time_leaf(in, true, draft, out, error);
    case Wire::kQuantity:
      return quantity_leaf(in, draft, out, error);
    case Wire::kIntOrString:
      return int_or_string_leaf(in, error);
    case Wire::kDuration:
      return duration_leaf(in, draft, out, error);
    case Wire::kBytes:
      return bytes_leaf(in, draft, out, error);
    default:
      return LeafOutcome::kSame;
  }
}

Value go_zero(const Schema& schema) {
  switch (schema.wire) {
    case Wire::kPlain:
      break;
    case Wire::kQuantity:
      return Value::ref("0");
    case Wire::kIntOrString:
      return Value::of(0);
    case Wire::kDuration:
      return Value::ref("0s");
    default:
      return Value();
  }
  switch (schema.type) {
    case SchemaType::kObject:
      return schema.additional == nullptr ? Value::empty_object() : Value();
    case SchemaType::kString:
      return Value::ref("");
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return Value::of(0);
    case SchemaType::kBoolean:
      return Value::of(false);
    case SchemaType::kArray:
    case SchemaType::kAny:
      return Value();
  }
  return Value();
}

bool is_go_zero(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return !value.as_bool();
    case Value::Type::kInt:
      return value.as_int() == 0;
    case Value::Type::kDouble:
      return value.as_double() == 0;
    case Value::Type::kString:
      return value.as_string().empty();
    case Value::Type::kArray:
    case Value::Type::kObject:
      return value.size() == 0;
  }
  return false;
}

}  // namespace plinth::api
