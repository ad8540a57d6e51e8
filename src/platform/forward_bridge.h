// port-forward: clients' connections on an I/O loop, connections into the pod on the node's.
#pragma once

#include "node/agent/node_agent.h"
#include "platform/live_streams.h"
#include "server/node_slots.h"

namespace plinth::platform {

// On the exchange's loop.
void serve_forward(node::NodeAgent& agent, LiveStreams& live, server::PodForwardQuery query, server::ExchangePtr exchange);

}  // namespace plinth::platform
