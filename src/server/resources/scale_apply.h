// Server-side apply to the scale subresource.
#pragma once

#include "server/write/ownership.h"

namespace plinth::server {

// Applies `config` to `scale`, as which the parent in `record` shows itself. The ownership is that of the parent: who owns the
// replicas of the Scale owns those of the parent. 409 with the conflicts unless forced.
Result<Applied> apply_scale(const ResolvedKind& kind, const store::Record& record, const Document& scale, Document config,
                            const WriteContext& write);

}  // namespace plinth::server
