// port-forward over a WebSocket's channels, as clients other than kubectl ask for it: `?ports=N,M`, channel 2i for the data of
// port i, 2i+1 for what went wrong, both begun by the server with the port's number (two bytes, the low one first). One
// connection to each port.
#pragma once

#include <vector>

#include "net/websocket_connection.h"
#include "server/streams/port_forward.h"

namespace plinth::server {

std::unique_ptr<PortForwardClient> make_websocket_port_forward(std::shared_ptr<net::WebSocketConnection> connection,
                                                               bool base64, PeerInfo peer, std::vector<std::uint16_t> ports);

}  // namespace plinth::server
