// Server-side apply, and the tracking of all other writes: what they do to an object and to its managed fields.
//
// Pure functions. Objects come without metadata.managedFields, which the caller keeps apart (managed_fields.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "api/field_filter.h"
#include "api/managed_fields.h"
#include "api/schema.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// The other versions in which an object can be seen: entries of managed fields name the version whose fields they list.
class ObjectVersions {
 public:
  virtual ~ObjectVersions() = default;
  // nullptr when the version does not exist (any more): entries of it are dropped.
  virtual const Schema* schema(std::string_view api_version) const = 0;
  // What the endpoint resets in that version; nullptr: nothing.
  virtual const FieldFilter* reset(std::string_view api_version) const = 0;
  virtual Result<Document> convert(const Document& object, std::string_view api_version) const = 0;
};

// What is written, and where.
struct OwnershipScope {
  const Schema* schema = nullptr;          // of `api_version`
  std::string_view api_version;            // "apps/v1"
  std::string_view kind;                   // "Deployment"
  std::string_view subresource;            // "" for the main endpoint
  const FieldFilter* reset = nullptr;      // what the endpoint resets in `api_version`
  const ObjectVersions* others = nullptr;  // nullptr: there is one version only
  std::int64_t now_s = 0;
};

struct ApplyInput {
  OwnershipScope scope;
  Document live;                                 // in scope.api_version, as decoded; null when the object does not exist
  const ManagedFields* live_managers = nullptr;  // nullptr: none
  Document config;                               // the request's body as it came, nulls and empty values included
  std::string_view manager;
  bool force = false;
};

struct ApplyOutput {
  Document object;         // to be decoded (defaults, pruning) like any other request's object; holds nulls
  ManagedFields managers;  // sorted
  bool changed = false;    // whether the object differs from the live one
};

// Errors: Conflict (409) naming each field and its owner; BadRequest for a body of another kind, with managedFields, or that
// does not fit the schema.
//
// A manager named "kubectl" also takes over, without conflicts, what kubectl's client-side apply wrote, and keeps its
// last-applied annotation current.
Result<ApplyOutput> apply(const ApplyInput& input);

struct UpdateInput {
  OwnershipScope scope;
  Document live;                                 // null root: create
  const ManagedFields* live_managers = nullptr;  // nullptr: none
  Document next;                                 // what will be stored, in scope.api_version
  // metadata.managedFields of the request: null when it had none. Counts on the main endpoint only.
  Document requested_managers;
  std::string_view manager;  // "" counts as "unknown"
};

// The managed fields after a write that is no apply. Never refuses: where tracking fails the live entries stay. An object that
// was stored without entries stays untracked. A write that changes nothing keeps entries and times.
ManagedFields track_update(const UpdateInput& input);

}  // namespace plinth::api
