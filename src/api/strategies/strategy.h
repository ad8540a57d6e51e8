// What a kind does that its schema cannot say: conditional defaults, preparation, validation across fields, rules about
// changes. Found through the row's group and kind; there is no `if (kind == ...)` anywhere else.
//
// All functions are pure. Order on create: schema defaults, default_, (admission), prepare_for_create, validate_metadata,
// schema validation, validate, validate_create, warnings, canonicalize; an allocator runs after admission, before validation.
// On update: the same with prepare_for_update, and validate_update after validate. On a status write:
// prepare_for_status_update, validate_metadata_update, validate_status_update. Reads from the store run schema defaults and
// default_.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_error.h"
#include "api/kind.h"
#include "api/strategies/allocation.h"
#include "base/value.h"

namespace plinth::api {

using Warnings = std::vector<std::string>;

// What a write of status leaves as it was besides the spec, and its writer therefore does not come to own (upstream's
// GetResetFields). Labels, annotations, finalizers and owners that are not named change with the status.
enum class StatusResets : std::uint8_t { kSpec, kLabels, kOwners, kMetadata, kConditions };

// A null member means that there is nothing to do.
struct Strategy {
  std::string_view group, kind;
  // What create does not drop status of, although there is a status subresource: a node registers with its status.
  bool keeps_status = false;
  StatusResets status_resets = StatusResets::kSpec;
  // Defaults that depend on other fields. Idempotent.
  void (*default_)(Draft& object) = nullptr;
  // After the server has set uid and creationTimestamp; status is already dropped where there is a status subresource.
  void (*prepare_for_create)(Draft& object) = nullptr;
  void (*prepare_for_update)(Draft& object, const Value& old) = nullptr;
  void (*prepare_for_status_update)(Draft& object, const Value& old) = nullptr;
  // On create and on update, without metadata and without what the schema says (types, required, enums, bounds).
  void (*validate)(const Value& object, FieldErrors& errors) = nullptr;
  // After validate, on create only.
  void (*validate_create)(const Value& object, FieldErrors& errors) = nullptr;
  // After validate, on update only.
  void (*validate_update)(const Value& object, const Value& old, FieldErrors& errors) = nullptr;
  void (*validate_status_update)(const Value& object, const Value& old, FieldErrors& errors) = nullptr;
  // A write of another subresource (ephemeralcontainers, resize, approval, finalize), which changed only its part.
  void (*validate_subresource)(std::string_view subresource, const Value& object, const Value& old,
                               FieldErrors& errors) = nullptr;
  // `old` is null on create.
  void (*warnings)(const Value& object, const Value& old, Warnings& warnings) = nullptr;
  void (*canonicalize)(Draft& object) = nullptr;
  // Seconds that an object is given to end when its deletion asks for `asked` of them (nothing: as it says itself). Null: none.
  std::int64_t (*deletion_grace)(const Value& object, std::optional<std::int64_t> asked) = nullptr;
  // When its deletion begins, after deletionTimestamp is set: what shows that, and who else must be heard.
  void (*mark_deletion)(Draft& object, std::int64_t now_s) = nullptr;
  // Whether more than metadata.finalizers keeps an object whose deletion has begun.
  bool (*is_kept)(const Value& object) = nullptr;
  // Of kinds whose objects hold addresses or ports.
  const Allocator* allocator = nullptr;
  // A deletion that names no propagation leaves the dependents, as the first clients of these kinds expect.
  bool orphans_by_default = false;
};

// nullptr: the schema says everything about the kind.
const Strategy* find_strategy(std::string_view group, std::string_view kind);
// Of custom kinds likewise: they have none.
const Strategy* find_strategy(const KindRow& row);
// Of custom kinds a write of status keeps all metadata.
StatusResets status_resets(const KindRow& row);

// Adds what is not yet said: an error with the same type, field and detail is left out, and a field is Required or NotSupported
// only once.
void append_distinct(FieldErrors& errors, FieldErrors more);

}  // namespace plinth::api
