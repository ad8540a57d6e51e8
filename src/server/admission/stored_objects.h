// What plugins read of other objects: from the request's snapshot, as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "server/admission/admission.h"

namespace plinth::server {

// Null when there is none. The document has neither kind nor apiVersion.
Result<Document> read_stored(const store::Snapshot& snapshot, std::string_view key);
// All objects under a prefix ("/core/limitranges/ns/") in the order of their names.
Result<std::vector<Document>> read_stored_under(const store::Snapshot& snapshot, std::string_view prefix);

// The name of the class under `prefix` of which one of `annotations` is "true"; of several the newest, and of those that are
// equally old the first by name. Empty when there is none.
Result<std::string> default_class(const store::Snapshot& snapshot, std::string_view prefix,
                                  std::span<const std::string_view> annotations);

// Whether the request writes the resource of the core group itself, and not one of its subresources.
bool writes_core(const AdmissionRequest& request, std::string_view plural);

}  // namespace plinth::server
