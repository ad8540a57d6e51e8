// nodes/proxy: what a node serves itself - its measurements and its pods - read through the server.
#pragma once

#include <string>
#include <string_view>

#include "server/context.h"
#include "server/exchange.h"
#include "server/node_slots.h"

namespace plinth::server {

bool asks_for_node_proxy(const RequestInfo& info);
// GET and HEAD. `node`: null where there is none: 503, as for a node that is not of this process.
void serve_node_proxy(ServerContext& context, NodeSlots* node, ExchangePtr exchange);

}  // namespace plinth::server
