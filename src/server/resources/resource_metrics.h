// metrics.k8s.io: what nodes and pods use, from the newest round of measurements. Nothing of it is stored.
#pragma once

#include <string_view>

#include "server/context.h"
#include "server/exchange.h"
#include "server/node_slots.h"

namespace plinth::server {

inline constexpr std::string_view kMetricsGroup = "metrics.k8s.io";

// get and list; label and field selectors, Tables. Labels are those of the Node or Pod; what is not there any more is left out.
// 503 while nothing was measured; without a node the kinds are not served (KindRegistry::serve_measured).
void serve_resource_metrics(ServerContext& context, const NodeSlots& node, ExchangePtr exchange);

}  // namespace plinth::server
