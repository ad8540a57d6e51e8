// The steps of a kind's strategy around a write, with what follows from the row alone (status as a subresource, generation).
#pragma once

#include <string_view>

#include "base/value.h"
#include "server/kind_registry.h"

namespace plinth::server {

void prepare_for_create(const ResolvedKind& kind, Draft& object);

// `object` is what the caller sent to `subresource` ("" for the main endpoint); afterwards it is the whole new object: parts
// that the endpoint does not write are those of `old`.
void prepare_for_update(const ResolvedKind& kind, std::string_view subresource, Draft& object, const Document& old);

// The last step, when the object is known to be valid.
void canonicalize(const ResolvedKind& kind, Draft& object);

}  // namespace plinth::server
