// Kinds that are asked by creating them and are not stored.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

// Access reviews, token reviews: answered with their status filled in.
void serve_review(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);
// bindings (the old way to bind a pod) and componentstatuses.
void serve_unstored(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
