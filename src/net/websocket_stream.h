// The bytes of a WebSocket's messages as one stream: what clients tunnel through it (SPDY/3.1+portforward.k8s.io).
#pragma once

#include "net/websocket_connection.h"

namespace plinth::net {

std::unique_ptr<Stream> make_websocket_stream(std::shared_ptr<WebSocketConnection> connection, PeerInfo peer);

}  // namespace plinth::net
