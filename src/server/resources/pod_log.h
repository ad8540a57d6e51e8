// pods/log.
#pragma once

#include "server/context.h"
#include "server/exchange.h"
#include "server/node_slots.h"

namespace plinth::server {

// Not an operation on what is stored, so not among the routes.
bool asks_for_pod_log(const RequestInfo& info);
// `node`: null where there is none.
void serve_pod_log(ServerContext& context, NodeSlots* node, ExchangePtr exchange);

}  // namespace plinth::server
