// WebSocket messages (RFC 6455) as a server reads and writes them: the handshake's answer, frames to the client, frames from
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/function.h"
#include "base/result.h"
#include "net/http.h"

namespace plinth::net {

// Whether the request asks to go on as a WebSocket.
bool wants_websocket(const HttpRequest& request);
// The headers of the 101 answer. BadRequest for a handshake that is not one (method, version, key).
Result<Headers> websocket_handshake(const HttpRequest& request);

enum class WebSocketOpcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// A whole message in one frame; servers do not mask.
ByteChain websocket_frame(WebSocketOpcode opcode, ByteChain payload);
ByteChain websocket_close(std::uint16_t code);

// Cuts what a client sends into frames and unmasks them. Not a part of a message but each frame is handed on.
class WebSocketReader {
 public:
  // Larger frames are refused, unless more is allowed.
  static constexpr std::size_t kPayloadBytesMax = 64 * 1024;
  explicit WebSocketReader(std::size_t payload_bytes_max = kPayloadBytesMax) : payload_bytes_max_(payload_bytes_max) {}
  using OnFrame = UniqueFunction<void(WebSocketOpcode, std::string_view payload)>;
  // BadRequest for bytes that are no frames of a client: not masked, reserved bits, a control frame that is long or in parts,
  // too large. Nothing may be fed after that.
  Result<void> feed(std::string_view bytes, const OnFrame& on_frame);

 private:
  // Size of the first frame of input_, its head included; 0 when its head is not complete.
  Result<std::size_t> frame_size(std::size_t& head) const;

  std::size_t payload_bytes_max_;
  std::string input_;
};

}  // namespace plinth::net
