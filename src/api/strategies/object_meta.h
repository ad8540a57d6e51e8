// Rules of metadata that hold for every kind, built-in or custom.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/field_error.h"
#include "api/kind.h"
#include "base/value.h"

namespace plinth::api {

// On create. The name must have been generated already.
void validate_metadata(const Value& object, const KindRow& row, FieldErrors& errors);
// On update and status update, after the server has restored what only it may set.
void validate_metadata_update(const Value& object, const Value& old, const KindRow& row, FieldErrors& errors);
// The same about a metadata object found at `path`; used for templates of objects.
void validate_metadata_at(const Value& metadata, std::string_view path, NameFormat format, bool namespaced,
                          FieldErrors& errors);

// Removes exact duplicates from metadata.ownerReferences; the uids of those that there were (a warning is due).
std::vector<std::string> remove_duplicate_owners(Draft& object);

}  // namespace plinth::api
