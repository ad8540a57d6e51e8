// pods/binding.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_bind_pod(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
