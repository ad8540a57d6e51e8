// TLS on top of any network.
#pragma once

#include <memory>

#include "base/world.h"

namespace plinth::net {

// Passes calls without a TLS context on to `plain`, which must outlive it; with one, hands out streams whose handshake is
// done. connect(): an empty `server_name` means the host of the address.
std::unique_ptr<Network> make_tls_network(Network& plain);

}  // namespace plinth::net
