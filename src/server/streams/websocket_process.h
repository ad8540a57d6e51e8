// exec and attach over a WebSocket: v5.channel.k8s.io and its forerunners. A message's first byte is its channel: 0 standard
// input, 1 output, 2 error output, 3 the end, 4 the terminal's size, 255 (v5) the client ends the channel that follows.
#pragma once

#include <span>

#include "net/websocket_connection.h"
#include "server/streams/process_client.h"

namespace plinth::server {

struct ChannelProtocol {
  bool base64 = false;         // text messages, the channel as a digit
  bool ends_channels = false;  // v5
  bool status_at_end = false;  // v4 and v5; before, words
};

// What is served, and what the names stand for ("" too: a client that names none).
std::span<const std::string_view> channel_subprotocols();
ChannelProtocol channel_protocol(std::string_view subprotocol);

std::unique_ptr<ProcessClient> make_websocket_process(std::shared_ptr<net::WebSocketConnection> connection,
                                                      ChannelProtocol protocol, ProcessStreams streams);

}  // namespace plinth::server
