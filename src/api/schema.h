// The schema of a kind: one shape for built-in kinds (read-only tables made at build time by kindc) and for CRDs (made
// at run time). Everything that is done to an object - decode, prune, default, validate, merge, own, print - walks it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/value.h"

namespace plinth::api {

enum class SchemaType : std::uint8_t { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };

// How a value is carried in protobuf and canonicalised, where its JSON type does not say it.
enum class Wire : std::uint8_t {
  kPlain,
  kTime,       // RFC 3339, seconds
  kMicroTime,  // RFC 3339, six fractional digits
  kQuantity,   // canonical form on decode for built-ins
  kIntOrString,
  kDuration,
  kBytes,         // base64 in JSON
  kRawExtension,  // {raw=1}: any JSON object
  kFieldsV1,
  kJson,          // {raw=1}: any JSON value
  kSchemaOrBool,  // of these three `additional` is the schema of JSONSchemaProps
  kSchemaOrArray,
  kSchemaOrStringArray,
  kStringList,  // message wrapping repeated string items=1
};

enum class ListType : std::uint8_t { kAtomic, kSet, kMap };
enum class MapType : std::uint8_t { kGranular, kAtomic };

// patchStrategy of a field in strategic merge patch; bits.
enum PatchStrategy : std::uint8_t { kPatchNone = 0, kPatchMerge = 1, kPatchReplace = 2, kPatchRetainKeys = 4 };

struct Schema;

// What a field says beyond its schema.
struct Field {
  std::string_view name;
  const Schema* schema;
  bool required = false;
  bool pointer = false;    // Go pointer: presence counts in protobuf, zero is kept
  bool omit_empty = true;  // false: Go writes the zero value ("", 0, {} or null) when the field is absent
  std::uint8_t patch_strategy = kPatchNone;
  std::string_view patch_merge_key;
  // Protobuf field numbers from the parent message to the leaf; more than one where Go embeds a struct inline.
  std::span<const std::uint16_t> pb_path;
  const Value* default_value =
      nullptr;                   // deep-immutable, static or owned by the schema's arena; overrides schema->default_value
  std::string_view description;  // overrides schema->description
};

// x-kubernetes-validations, kept for the engine that evaluates them.
struct ValidationRule {
  std::string_view rule, message, message_expression, reason, field_path;
  bool optional_old_self = false;
};

struct Schema {
  std::string_view name;  // of named types ("apps.v1.Deployment"); "" for inline ones
  std::string_view description;
  std::string_view title;
  SchemaType type = SchemaType::kAny;
  Wire wire = Wire::kPlain;
  ListType list_type = ListType::kAtomic;
  MapType map_type = MapType::kGranular;
  bool nullable = false;
  bool preserve_unknown = false;   // x-kubernetes-preserve-unknown-fields
  bool embedded_resource = false;  // x-kubernetes-embedded-resource
  bool int_or_string = false;      // x-kubernetes-int-or-string
  bool builtin = false;            // Go zero rules apply: null and empty are "unset"
  bool unique_items = false;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;
  bool has_minimum = false;
  bool has_maximum = false;
  std::string_view format;
  std::string_view pattern;
  double minimum = 0, maximum = 0, multiple_of = 0;  // multiple_of 0: none
  std::int64_t min_length = -1, max_length = -1;     // characters; -1: none
  std::int64_t min_items = -1, max_items = -1, min_properties = -1, max_properties = -1;
  std::span<const Field> fields;        // sorted by name
  std::span<const std::uint8_t> slots;  // finds fields by name, see field_slots.h; may be empty
  const Schema* additional = nullptr;   // additionalProperties
  const Schema* items = nullptr;
  std::span<const std::string_view> list_map_keys;
  std::span<const Value> enum_values;
  std::span<const std::string_view> required;  // of logic branches and of fields without a schema of their own
  std::span<const Schema*const> all_of, any_of, one_of;
  const Schema* not_ = nullptr;
  std::span<const ValidationRule> validations;
  const Value* default_value = nullptr;

  // nullptr when the field is not declared.
  const Field* field(std::string_view name) const;
};

}  // namespace plinth::api
