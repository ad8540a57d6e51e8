// A watch over a WebSocket, as `kubectl`'s web clients and browsers open it: each event is a text message.
#pragma once

#include <memory>

#include "base/result.h"
#include "net/http.h"

namespace plinth::server {

// A responder that turns what a watch writes into messages: begin() answers 101, each write() becomes one message, end() closes
// with 1000. An error before begin() is a plain HTTP answer. What the client sends is ignored but for pings and its close.
// BadRequest when the handshake is not one. On the responder's loop.
Result<std::shared_ptr<net::Responder>> websocket_watch(std::shared_ptr<net::Responder> inner, const net::HttpRequest& request);

}  // namespace plinth::server
