// pods/log.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_pod_log(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
