// What a client sends after an upgrade to SPDY: no crash, and the same however the bytes are cut. The first byte is the size of
// a piece.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "net/spdy_frames.h"

namespace {

struct Heard final : plinth::net::SpdyFrameEvents {
  void on_syn_stream(std::uint32_t id, bool fin, plinth::net::SpdyHeaders headers) override {
    text += "s" + std::to_string(id) + (fin ? "f" : "");
    std::size_t size = 0;
    for (const auto& [name, value] : headers) {
      size += name.size() + value.size();
      text += name + "=" + value;
    }
    REQUIRE_PROPERTY(size <= plinth::net::SpdyReader::kHeaderBytesMax);
  }
  void on_stream_data(std::uint32_t id, std::string_view bytes) override {
    for (const char c : bytes) text += "d" + std::to_string(id) + c;
  }
  void on_fin(std::uint32_t id) override { text += "f" + std::to_string(id); }
  void on_reset(std::uint32_t id) override { text += "r" + std::to_string(id); }
  void on_ping(std::uint32_t id) override { text += "p" + std::to_string(id); }
  std::string text;
};

std::string read(std::string_view bytes, std::size_t piece, bool& refused) {
  plinth::net::SpdyReader reader;
  Heard heard;
  for (std::size_t at = 0; at < bytes.size() && !refused; at += piece)
    refused = !reader.feed(bytes.substr(at, piece), heard).ok();
  return heard.text;
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
