// What follows from a commit before its answer is sent.
#pragma once

#include "server/context.h"

namespace plinth::server {

// A CRD is served (or no longer served) before its writer hears that the write is done.
void after_commit(ServerContext& context, const ResolvedKind& kind);

}  // namespace plinth::server
