// exec and attach: the client on an I/O loop, the process on the node's, and as much on its way between them as has a limit.
#pragma once

#include "node/agent/node_agent.h"
#include "platform/live_streams.h"
#include "server/node_slots.h"

namespace plinth::platform {

// On the exchange's loop.
void serve_process(node::NodeAgent& agent, LiveStreams& live, server::PodProcessQuery query, server::ExchangePtr exchange);

}  // namespace plinth::platform
