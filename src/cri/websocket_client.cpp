#include "cri/websocket_client.h"

#include <fmt/core.h>

#include <array>

namespace plinth::cri {
namespace {

constexpr unsigned char kFinal = 0x80, kReserved = 0x70, kMasked = 0x80;
constexpr std::size_t kShortMax = 125, kTwoBytes = 126, kEightBytes = 127;

}  // namespace

std::string websocket_client_frame(net::WebSocketOpcode opcode, std::string_view payload, Entropy& entropy) {
  std::string out(1, static_cast<char>(kFinal | static_cast<unsigned char>(opcode)));
  const auto put_size = [&](std::size_t marker, int bytes) {
    out += static_cast<char>(kMasked | marker);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xFF);
  };
  if (payload.size() <= kShortMax) put_size(payload.size(), 0);
  else if (payload.size() <= 0xFFFF) put_size(kTwoBytes, 2);
  else put_size(kEightBytes, 8);
  std::array<unsigned char, 4> mask;
  entropy.fill(mask);
  out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
  return out;
}

Result<std::optional<ServerFrame>> take_server_frame(std::string& input) {
  if (input.size() < 2) return std::optional<ServerFrame>();
  const auto first = static_cast<unsigned char>(input[0]), second = static_cast<unsigned char>(input[1]);
  if ((first & kFinal) == 0 || (first & kReserved) != 0) return bad_request("a WebSocket message in parts, or with unknown bits");
  if ((second & kMasked) != 0) return bad_request("a masked WebSocket frame from a server");
  std::size_t size = second, head = 2;
  if (size >= kTwoBytes) {
    const std::size_t bytes = size == kTwoBytes ? 2 : 8;
    head += bytes;
    if (input.size() < head) return std::optional<ServerFrame>();
    size = 0;
    for (std::size_t i = 2; i < head; ++i) size = size << 8 | static_cast<unsigned char>(input[i]);
  }
  if (size > kServerFrameBytesMax) {
    return bad_request(fmt::format("a WebSocket frame of {} bytes; the limit is {}", size, kServerFrameBytesMax));
  }
  if (input.size() < head + size) return std::optional<ServerFrame>();
  ServerFrame frame{static_cast<net::WebSocketOpcode>(first & 0x0F), input.substr(head, size)};
  input.erase(0, head + size);
  return std::optional<ServerFrame>(std::move(frame));
}

}  // namespace plinth::cri
