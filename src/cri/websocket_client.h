// WebSocket frames as a client writes and reads them (RFC 6455). For .cpp files of cri only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/world.h"
#include "net/websocket.h"

namespace plinth::cri {

// A whole message in one frame, masked as clients must.
std::string websocket_client_frame(net::WebSocketOpcode opcode, std::string_view payload, Entropy& entropy);

struct ServerFrame {
  net::WebSocketOpcode opcode;
  std::string payload;
};
// Takes the first message off `input`; nothing when it is not complete. BadRequest for what no server may send: masked, in parts,
// longer than kServerFrameBytesMax.
constexpr std::size_t kServerFrameBytesMax = 1024 * 1024;
Result<std::optional<ServerFrame>> take_server_frame(std::string& input);

}  // namespace plinth::cri
