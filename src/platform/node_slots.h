// The server's slots for what only a node can serve, filled by the node of this process.
#pragma once

#include <memory>

#include "node/agent/node_agent.h"
#include "server/node_slots.h"

namespace plinth::platform {

// The agent and the board outlive it. Requests come on any I/O loop; the agent is asked on its own.
std::unique_ptr<server::NodeSlots> make_node_slots(node::NodeAgent& agent, const api::UsageBoard& usage);

}  // namespace plinth::platform
