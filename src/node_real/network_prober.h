// Probes over a network: what the kubelet's probers do, and say.
#pragma once

#include <memory>

#include "base/world.h"
#include "node/host/prober.h"

namespace plinth::node_real {

// On `loop`; `network` knows TLS. Each probe has a connection of its own.
std::unique_ptr<node::Prober> make_network_prober(Loop& loop, Network& network, Clock& clock);

}  // namespace plinth::node_real
