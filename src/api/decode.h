// From a parsed request body to an object of a kind: types checked, unknown fields dropped and reported, values in canonical
// form.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

enum class FieldValidation : std::uint8_t { kIgnore, kWarn, kStrict };

// What a body is decoded as: any version of a kind, or an options or review type.
struct DecodeTarget {
  const Schema* schema = nullptr;
  std::string_view kind;     // "Deployment", for messages
  std::string_view version;  // "v1"
  // Lists and objects with this storage were decoded before, at the place where they are: nothing to do. Null: none.
  const Arena* decoded = nullptr;
};

// Changes `draft` in place.
//
// Built-in schemas follow Go's decoder: null means unset, an empty value of an omitempty field is dropped, numbers are range
// checked, quantities, times and bytes take their canonical form. CRD schemas prune what is not declared and coerce the
// embedded metadata; types are left to validation.
//
// `duplicates` are the duplicate fields that the parser found. The result is the list of warnings (kWarn). Errors are
// BadRequest:
//   Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field
//   DeploymentSpec.spec.replicas of type int32
//   Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"  (kStrict)
Result<std::vector<std::string>> decode(Draft& draft, const DecodeTarget& target, FieldValidation mode,
                                        std::span<const std::string> duplicates = {});

struct Decoded {
  Draft draft;
  std::vector<std::string> warnings;
};
Result<Decoded> decode(const Document& document, const DecodeTarget& target, FieldValidation mode,
                       std::span<const std::string> duplicates = {});

// One value against a built-in type, without reporting unknown fields; used where a type is embedded in free-form data. `path`
// prefixes the fields in the error, which is the decoder's own text.
Result<void> decode_builtin(Draft& draft, Value& slot, const Schema& schema, std::vector<std::string>* unknown = nullptr,
                            std::string_view path = "");

}  // namespace plinth::api
