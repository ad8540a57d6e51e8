// From a resource request to the operation that serves it.
#pragma once

#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

void serve_resource(ServerContext& context, ExchangePtr exchange);

}  // namespace plinth::server
