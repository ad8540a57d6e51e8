// What a client sends after a WebSocket upgrade: no crash, and the same frames however the bytes are cut. The first byte is the
// size of a piece.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "net/websocket.h"

namespace {

std::string read(std::string_view bytes, std::size_t piece, bool& refused) {
  plinth::net::WebSocketReader reader;
  std::string out;
  const plinth::net::WebSocketReader::OnFrame on_frame = [&out](plinth::net::WebSocketOpcode opcode, std::string_view payload) {
    REQUIRE_PROPERTY(payload.size() <= plinth::net::WebSocketReader::kPayloadBytesMax);
    out += static_cast<char>(opcode);
    out += payload;
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!reader.feed(bytes.substr(at, piece), on_frame).ok()) {
      refused = true;
      break;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  bool refused_whole = false, refused_cut = false;
  const std::string whole = read(bytes, bytes.size() + 1, refused_whole), cut = read(bytes, data[0] % 16 + 1u, refused_cut);
  REQUIRE_PROPERTY(refused_whole == refused_cut);
  REQUIRE_PROPERTY(whole == cut);
  return 0;
}
