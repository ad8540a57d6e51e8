// Waiting for a revision that a client has seen elsewhere (or made up).
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

// Runs `then` once the store has published `revision`: at once when it has, otherwise on the exchange's loop. After
// limits.future_revision_wait the exchange fails with the Timeout error of upstream (cause ResourceVersionTooLarge).
void once_reached(ServerContext& context, const ExchangePtr& exchange, store::Revision revision, Task then);

}  // namespace plinth::server
