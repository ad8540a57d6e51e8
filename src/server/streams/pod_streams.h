// pods/exec, pods/attach, pods/portforward: checks, and the step from HTTP to a protocol of streams.
#pragma once

#include "server/context.h"
#include "server/exchange.h"
#include "server/node_slots.h"
#include "server/streams/port_forward.h"

namespace plinth::server {

bool asks_for_pod_stream(const RequestInfo& info);
// `node`: null where there is none.
void serve_pod_stream(ServerContext& context, NodeSlots* node, ExchangePtr exchange);

// For who fills the slots: goes on as the protocol that the client asked for. Null when the client has left.
std::unique_ptr<ProcessClient> accept_process(Exchange& exchange, const ProcessStreams& streams);
std::unique_ptr<PortForwardClient> accept_port_forward(Exchange& exchange, const PodForwardQuery& query);

}  // namespace plinth::server
