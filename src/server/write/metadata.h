// What the API server itself keeps in metadata (registry/rest create.go, update.go; registry/generic store).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "base/world.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

// BadRequest unless namespace and name of the object agree with the URL; empty ones are filled in.
Result<void> match_url(Draft& object, const ResolvedKind& kind, std::string_view name_space, std::string_view name);

// Of a body to be created, before admission: clears what only the server sets and agrees with the URL. BadRequest when the body
// contradicts the URL. A resourceVersion stays: admission sees it, and what it says may be refused at the end.
Result<void> clear_new_metadata(Draft& object, const ResolvedKind& kind, std::string_view name_space,
                                std::string_view name_in_url);
// After mutating admission: uid, creationTimestamp, generation, and a name from generateName when there is none; whether it
// made one.
bool fill_new_metadata(Draft& object, const ResolvedKind& kind, Clock& clock, Entropy& entropy);

// Of a body that was sent to be created, as the last thing before it is stored: one that names a revision was never new.
// Upstream's store refuses it, with code 500 and no reason.
Result<void> check_new_revision(const Value& object);

// Of an object to be updated: what the caller cannot change is what it was, where validation does not refuse a change of it.
void restore_system_metadata(Draft& object, const Value& old);

// Whether anything changed besides metadata.managedFields and resourceVersion.
bool is_unchanged(const Value& old, const Value& object);
// Sets metadata.generation of an update: one more when anything outside metadata (and status, where it is a subresource)
// changed.
void update_generation(Draft& object, const Value& old, const ResolvedKind& kind);

bool is_being_deleted(const store::Record& record);
// Deletion was asked for, no finalizer is left (nor what else the kind is kept by) and no grace is running.
bool is_ready_to_be_removed(const ResolvedKind& kind, const Value& object);

}  // namespace plinth::server
