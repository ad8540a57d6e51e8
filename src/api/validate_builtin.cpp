#include "api/validate_builtin.h"

#include <algorithm>

#include "api/formats.h"
#include "api/leaf.h"
#include "api/wording.h"

namespace plinth::api {
namespace {

std::string whole(double v) { return std::to_string(static_cast<std::int64_t>(v)); }

void check_enum(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
  if (s.enum_values.empty()) return;
  std::vector<std::string_view> supported;
  for (const Value& one : s.enum_values) {
    if (equal(one, v)) return;
    supported.push_back(one.as_string());
  }
  errors.push_back(field_not_supported(at.text(), v, supported));
}

void check_string(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
  check_enum(s, v, at, errors);
  const std::string_view text = v.as_string();
  if (s.max_length >= 0 && static_cast<std::int64_t>(text.size()) > s.max_length)
    errors.push_back(field_too_long(at.text(), s.max_length));
  if (s.format.empty()) return;
  for (std::string& complaint : builtin_format_complaints(s.format, text))
    errors.push_back(field_invalid(at.text(), text, std::move(complaint)));
}

void check_number(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
  if (!s.has_minimum && !s.has_maximum) return;
  const double n = v.is_int() ? static_cast<double>(v.as_int()) : v.as_double();
  const bool low = s.has_minimum && n < s.minimum;
  const bool high = s.has_maximum && n > s.maximum;
  if (!low && !high) return;
  std::string detail;
  if (s.has_minimum && s.has_maximum)
    detail = "must be between " + whole(s.minimum) + " and " + whole(s.maximum) + ", inclusive";
  else if (low)
    detail = s.minimum == 1 ? "must be greater than 0" : "must be greater than or equal to " + whole(s.minimum);
  else
    detail = "must be less than or equal to " + whole(s.maximum);
  errors.push_back(field_invalid(at.text(), v, std::move(detail)));
}

void check_array(const Schema& s, const Value& v, const PathStep& at, const Arena* validated, FieldErrors& errors) {
  const auto items = v.items();
  const auto size = static_cast<std::int64_t>(items.size());
  if (s.max_items >= 0 && size > s.max_items) errors.push_back(field_too_many(at.text(), size, s.max_items));
  if (s.items == nullptr) return;
  for (std::size_t i = 0; i < items.size(); ++i) validate_builtin(*s.items, items[i], at.index(i), validated, errors);
}

// The zero value of a field that is no pointer is "not set": no rule but `required` applies to it.
bool is_unset(const Field& field, const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (field.pointer || !is_go_zero(*value)) return false;
  const bool is_struct = value->is_object() && field.schema->additional == nullptr;
  return !is_struct;
}

// An error about an absent field is about its zero value.
Value zero_of(const Schema& s) {
  switch (s.type) {
    case SchemaType::kString:
      return Value::ref("");
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return Value::of(0);
    case SchemaType::kAny:
      return s.int_or_string ? Value::of(0) : Value();
    default:
      return Value();
  }
}

void add_worded(const Wording& wording, const Schema& s, const Value& v, const std::string& path, FieldErrors& errors) {
  if (wording.elsewhere) return;
  switch (wording.error) {
    case FieldErrorType::kRequired:
      errors.push_back(field_required(path, std::string(wording.detail)));
      return;
    case FieldErrorType::kNotSupported: {
      std::vector<std::string_view> supported;
      for (const Value& one : s.enum_values) supported.push_back(one.as_string());
      errors.push_back(field_not_supported(path, v, supported));
      return;
    }
    default:
      break;
  }
  if (wording.format.empty()) return errors.push_back(field_invalid(path, v, std::string(wording.detail)));
  for (std::string& complaint : builtin_format_complaints(wording.format, v.as_string()))
    errors.push_back(field_invalid(path, v, std::move(complaint)));
}

void add_required(const Schema& s, const Field& field, const PathStep& at, FieldErrors& errors) {
  const Wording* wording = find_wording(s.name, field.name, "required");
  if (wording == nullptr) return errors.push_back(field_required(at.text()));
  add_worded(*wording, *field.schema, zero_of(*field.schema), at.text(), errors);
}

// The keyword that a scalar broke.
std::string_view broken_keyword(const Schema& s, const Value& v, const FieldError& error) {
  if (error.type == FieldErrorType::kNotSupported) return "enum";
  if (!v.is_int() && !v.is_double()) return "";
  const double n = v.is_int() ? static_cast<double>(v.as_int()) : v.as_double();
  return s.has_minimum && n < s.minimum ? "minimum" : "maximum";
}

void check_field(const Schema& s, const Field& field, const Value& v, const PathStep& at, const Arena* validated,
                 FieldErrors& errors) {
  const std::size_t before = errors.size();
  validate_builtin(*field.schema, v, at, validated, errors);
  if (errors.size() != before + 1 || v.is_object() || v.is_array()) return;
  const Wording* wording = find_wording(s.name, field.name, broken_keyword(*field.schema, v, errors.back()));
  if (wording == nullptr) return;
  const std::string path = std::move(errors.back().field);
  errors.pop_back();
  add_worded(*wording, *field.schema, v, path, errors);
}

void check_object(const Schema& s, const Value& v, const PathStep& at, const Arena* validated, FieldErrors& errors) {
  if (s.additional != nullptr) {
    for (const Member& m : v.members()) validate_builtin(*s.additional, m.value, at.key(m.key()), validated, errors);
    return;
  }
  for (const Member& m : v.members()) {
    const Field* field = s.field(m.key());
    if (field != nullptr && !is_unset(*field, &m.value)) check_field(s, *field, m.value, at.field(m.key()), validated, errors);
  }
  for (const Field& field : s.fields) {
    if (field.required && is_unset(field, v.find(field.name))) add_required(s, field, at.field(field.name), errors);
  }
}

}  // namespace

void validate_builtin(const Schema& s, const Value& v, const PathStep& at, const Arena* validated, FieldErrors& errors) {
  if (validated != nullptr && is_stored_in(v, validated)) return;
  switch (v.type()) {
    case Value::Type::kNull:
    case Value::Type::kBool:
      return;
    case Value::Type::kInt:
    case Value::Type::kDouble:
      check_number(s, v, at, errors);
      return;
    case Value::Type::kString:
      check_string(s, v, at, errors);
      return;
    case Value::Type::kArray:
      check_array(s, v, at, validated, errors);
      return;
    case Value::Type::kObject:
      check_object(s, v, at, validated, errors);
      return;
  }
}

}  // namespace plinth::api
