// JSON Patch (RFC 6902) with the reading of it that Kubernetes' API has (evanphx/json-patch 4): negative indexes count from the
// end, "replace" and "copy" take an absent member for null.
#pragma once

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

inline constexpr std::size_t kJsonPatchOperationsMax = 10'000;

// Errors: BadRequest for what is no patch, RequestEntityTooLarge for too many operations, Invalid (422) for an operation that
// fails, naming operation and path. All or nothing.
Result<Document> json_patch(const Document& object, const Document& patch);

}  // namespace plinth::api
