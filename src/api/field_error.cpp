#include "api/field_error.h"

#include <algorithm>
#include <array>

#include "api/go_text.h"
#include "base/quoted.h"

namespace plinth::api {
namespace {

struct TypeText {
  std::string_view reason;
  std::string_view text;
  bool prints_value;
};

// In the order of FieldErrorType.
constexpr std::array<TypeText, 12> kTypes = {{
    {"FieldValueNotFound", "Not found", true},
    {"FieldValueRequired", "Required value", false},
    {"FieldValueDuplicate", "Duplicate value", true},
    {"FieldValueInvalid", "Invalid value", true},
    {"FieldValueNotSupported", "Unsupported value", true},
    {"FieldValueForbidden", "Forbidden", false},
    {"FieldValueTooLong", "Too long", false},
    {"FieldValueTooMany", "Too many", true},
    {"InternalError", "Internal error", false},
    {"FieldValueTypeInvalid", "Invalid value", true},
    {"FieldValueTooFew", "Too few", true},
    {"FieldValueTooShort", "Too short", false},
}};

const TypeText& type_text(FieldErrorType type) { return kTypes[static_cast<std::size_t>(type)]; }

FieldError make(FieldErrorType type, std::string field, std::string value, std::string detail) {
  FieldError error;
  error.type = type;
  error.field = std::move(field);
  error.value = std::move(value);
  error.detail = std::move(detail);
  return error;
}

std::string counted(std::int64_t n, std::string_view one) {
  std::string out = std::to_string(n) + ' ';
  out += one;
  if (n != 1) out += 's';
  return out;
}

// What follows "is invalid: ": equal texts are said once, several of them in brackets.
std::string joined(const FieldErrors& errors) {
  std::vector<std::string> texts;
  for (const FieldError& error : errors) {
    std::string text = error.text();
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  if (texts.size() == 1) return texts[0];
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ", ";
    out += texts[i];
  }
  return out + "]";
}

}  // namespace

std::string_view field_error_reason(FieldErrorType type) { return type_text(type).reason; }
std::string_view field_error_text(FieldErrorType type) { return type_text(type).text; }

std::string FieldError::text() const { return field + ": " + cause_message(); }

std::string FieldError::cause_message() const {
  std::string out(field_error_text(type));
  if (type_text(type).prints_value && !value.empty()) out += ": " + value;
  if (!detail.empty()) out += ": " + detail;
  return out;
}

FieldError field_required(std::string field, std::string detail) {
  return make(FieldErrorType::kRequired, std::move(field), "", std::move(detail));
}

FieldError field_invalid(std::string field, const Value& value, std::string detail) {
  return make(FieldErrorType::kInvalid, std::move(field), go_value(value), std::move(detail));
}

FieldError field_invalid(std::string field, std::string_view text, std::string detail) {
  return make(FieldErrorType::kInvalid, std::move(field), quoted(text), std::move(detail));
}

FieldError field_not_supported(std::string field, const Value& value, std::span<const std::string_view> supported) {
  std::string detail;
  for (std::string_view one : supported) {
    detail += detail.empty() ? "supported values: " : ", ";
    detail += quoted(one);
  }
  return make(FieldErrorType::kNotSupported, std::move(field), go_value(value), std::move(detail));
}

FieldError field_duplicate(std::string field, const Value& value) {
  return make(FieldErrorType::kDuplicate, std::move(field), go_value(value), "");
}

FieldError field_forbidden(std::string field, std::string detail) {
  return make(FieldErrorType::kForbidden, std::move(field), "", std::move(detail));
}

FieldError field_too_long(std::string field, std::int64_t max_bytes) {
  std::string detail = max_bytes >= 0 ? "may not be more than " + counted(max_bytes, "byte") : "value is too long";
  return make(FieldErrorType::kTooLong, std::move(field), "", std::move(detail));
}

FieldError field_too_many(std::string field, std::int64_t actual, std::int64_t max) {
  std::string detail = max >= 0 ? "must have at most " + counted(max, "item") : "has too many items";
  return make(FieldErrorType::kTooMany, std::move(field), actual >= 0 ? std::to_string(actual) : "", std::move(detail));
}

FieldError field_type_invalid(std::string field, const Value& value, std::string detail) {
  return make(FieldErrorType::kTypeInvalid, std::move(field), go_value(value), std::move(detail));
}

FieldError field_not_found(std::string field, const Value& value) {
  return make(FieldErrorType::kNotFound, std::move(field), go_value(value), "");
}

FieldError field_internal(std::string field, std::string detail) {
  return make(FieldErrorType::kInternal, std::move(field), "", std::move(detail));
}

Error invalid(std::string_view group, std::string_view kind, std::string_view name, const FieldErrors& errors) {
  std::string message(kind);
  if (!group.empty()) message.append(".").append(group);
  message += ' ';
  message += quoted(name);
  message += " is invalid";
  if (!errors.empty()) message += ": " + joined(errors);
  Error error(Reason::kInvalid, std::move(message));
  error.mutable_details().name = name;
  error.mutable_details().group = group;
  error.mutable_details().kind = kind;
  for (const FieldError& one : errors) {
    error.add_cause(std::string(field_error_reason(one.type)), one.cause_message(), one.field);
  }
  return error;
}

std::string child(std::string_view path, std::string_view name) {
  std::string out;
  out.reserve(path.size() + name.size() + 1);
  out += path;
  if (!out.empty()) out += '.';
  out += name;
  return out;
}

std::string index(std::string_view path, std::size_t i) { return keyed(path, std::to_string(i)); }

std::string keyed(std::string_view path, std::string_view key) {
  std::string out;
  out.reserve(path.size() + key.size() + 2);
  return out.append(path).append("[").append(key).append("]");
}

}  // namespace plinth::api
