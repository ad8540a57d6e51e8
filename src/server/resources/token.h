// serviceaccounts/token: TokenRequest.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_create_token(ServerContext& context, ExchangePtr exchange, const ResolvedKind& kind);

}  // namespace plinth::server
