// JSON Merge Patch (RFC 7386) as Kubernetes' API has it.
#pragma once

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// Members of the patch replace those of the object, null removes, objects are merged. BadRequest when the patch is no object.
Result<Document> merge_patch(const Document& object, const Document& patch);

}  // namespace plinth::api
