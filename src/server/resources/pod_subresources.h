// pods/binding and pods/eviction.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_bind_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_evict_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
