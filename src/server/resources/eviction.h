// pods/eviction: a deletion that asks the pod's disruption budget first, and charges it.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_evict_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
