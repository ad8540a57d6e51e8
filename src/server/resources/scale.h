// The scale subresource: autoscaling/v1 Scale in front of a kind's replica fields.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_get_scale(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
void serve_write_scale(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
