// Strategic merge patch: a merge patch that knows, by schema, which lists are merged by a key, and that takes directives.
#pragma once

#include "api/schema.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// Directives: $patch (replace, delete, merge), $retainKeys, $deleteFromPrimitiveList/<field>, $setElementOrder/<field>. None of
// them survives in the result. What the schema does not declare is merged map by map, its lists are replaced.
//
// Errors: BadRequest for a patch that is malformed, Invalid (422) for lists of lists.
Result<Document> strategic_merge_patch(const Document& object, const Document& patch, const Schema& schema);

}  // namespace plinth::api
