// Waiting for a revision that a client has seen elsewhere (or made up).
#pragma once

#include "server/context.h"

namespace plinth::server {

// Runs `done` on `loop` once the store has published `revision`; after limits.future_revision_wait with the Timeout error of
// upstream (cause ResourceVersionTooLarge).
void wait_for_revision(ServerContext& context, store::Revision revision, Loop& loop, UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
