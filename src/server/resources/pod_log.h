// pods/log.
#pragma once

#include "server/context.h"
#include "server/exchange.h"
#include "server/node_slots.h"

namespace plinth::server {

// Not an operation on what is stored, so not among the routes.
bool asks_for_pod_log(const RequestInfo& info);
// The container that is asked for, or the only one; in the API server's words for what is wrong.
Result<std::string> choose_container(const Value& pod, std::string_view name, std::string_view asked);
// `node`: null where there is none.
void serve_pod_log(ServerContext& context, NodeSlots* node, ExchangePtr exchange);

}  // namespace plinth::server
