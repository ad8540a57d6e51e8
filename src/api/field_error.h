// Errors about a field of an object, as Kubernetes words them (apimachinery util/validation/field), and the 422 made of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

enum class FieldErrorType : std::uint8_t {
  kNotFound,
  kRequired,
  kDuplicate,
  kInvalid,
  kNotSupported,
  kForbidden,
  kTooLong,
  kTooMany,
  kInternal,
  kTypeInvalid,
  kTooFew,
  kTooShort,
};
// "FieldValueRequired", as causes carry it.
std::string_view field_error_reason(FieldErrorType type);
// "Required value", as messages begin.
std::string_view field_error_text(FieldErrorType type);

struct FieldError {
  FieldErrorType type = FieldErrorType::kInvalid;
  std::string field;  // "spec.template.spec.containers[0].name"
  std::string
      value;  // as printed in the message, e.g. "\"x\"" or "-1"; unused by Required, Forbidden, TooLong, TooShort, Internal
  std::string detail;
  // `spec.replicas: Invalid value: -1: must be greater than or equal to 0`
  std::string text() const;
  std::string cause_message() const;  // the same without the field
};
using FieldErrors = std::vector<FieldError>;

FieldError field_required(std::string field, std::string detail = "");
FieldError field_invalid(std::string field, const Value& value, std::string detail);
FieldError field_invalid(std::string field, std::string_view text, std::string detail);  // quoted
FieldError field_not_supported(std::string field, const Value& value, std::span<const std::string_view> supported);
FieldError field_duplicate(std::string field, const Value& value);
FieldError field_forbidden(std::string field, std::string detail);
FieldError field_too_long(std::string field, std::int64_t max_bytes);
FieldError field_too_many(std::string field, std::int64_t actual, std::int64_t max);
FieldError field_type_invalid(std::string field, const Value& value, std::string detail);
FieldError field_not_found(std::string field, const Value& value);
FieldError field_internal(std::string field, std::string detail);

// 422 Invalid: `Deployment.apps "x" is invalid: ...`, one cause for each error. `kind` is the Kind.
Error invalid(std::string_view group, std::string_view kind, std::string_view name, const FieldErrors& errors);

// Path building: child("spec", "replicas"), index("spec.list", 3), key("metadata.labels", "a/b") -> metadata.labels[a/b].
std::string child(std::string_view path, std::string_view name);
std::string index(std::string_view path, std::size_t i);
std::string keyed(std::string_view path, std::string_view key);

}  // namespace plinth::api
