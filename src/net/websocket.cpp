#include "net/websocket.h"

#include <algorithm>

#include <openssl/sha.h>

#include "base/base64.h"

namespace plinth::net {
namespace {

constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
constexpr std::size_t kKeyBytes = 16;
constexpr unsigned kFinal = 0x80, kReserved = 0x70, kOpcode = 0x0F, kMasked = 0x80, kLength = 0x7F;
constexpr std::size_t kMaskBytes = 4, kControlBytesMax = 125;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Whether `word` is among the values of a comma-separated header, in any case.
bool lists(const HttpRequest& request, std::string_view header, std::string_view word) {
  for (std::string_view value : request.headers.all(header)) {
    while (!value.empty()) {
      std::string_view item = value.substr(0, value.find(','));
      value.remove_prefix(std::min(value.size(), item.size() + 1));
      while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
      while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
      if (item.size() == word.size() &&
          std::equal(item.begin(), item.end(), word.begin(), [](char a, char b) { return lower(a) == b; })) {
        return true;
      }
    }
  }
  return false;
}

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

}  // namespace

bool wants_websocket(const HttpRequest& request) {
  return request.version < 20 && lists(request, "connection", "upgrade") && lists(request, "upgrade", "websocket");
}

Result<Headers> websocket_handshake(const HttpRequest& request) {
  if (request.method != "GET") return bad_request("a WebSocket begins with GET");
  if (request.headers.get("sec-websocket-version") != "13") return bad_request("sec-websocket-version must be 13");
  const std::string key(request.headers.get("sec-websocket-key"));
  const auto decoded = base64_decode(key);
  if (!decoded || decoded->size() != kKeyBytes) return bad_request("sec-websocket-key must be 16 bytes in base64");
  const std::string text = key + std::string(kAcceptSuffix);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  Headers headers;
  headers.add("upgrade", "websocket");
  headers.add("connection", "Upgrade");
  headers.add("sec-websocket-accept", base64_encode(std::string_view(reinterpret_cast<const char*>(digest), sizeof(digest))));
  return headers;
}

ByteChain websocket_frame(WebSocketOpcode opcode, ByteChain payload) {
  const std::size_t size = total_size(payload);
  std::string head(1, static_cast<char>(kFinal | static_cast<unsigned>(opcode)));
  const std::size_t length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  head += static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
  for (std::size_t i = length_bytes; i-- > 0;) head += static_cast<char>((static_cast<std::uint64_t>(size) >> (8 * i)) & 0xFF);
  ByteChain out;
  out.reserve(payload.size() + 1);
  out.push_back(SharedBytes(std::move(head)));
  for (SharedBytes& part : payload) out.push_back(std::move(part));
  return out;
}

ByteChain websocket_close(std::uint16_t code) {
  const std::string body = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return websocket_frame(WebSocketOpcode::kClose, {SharedBytes(body)});
}

Result<std::size_t> WebSocketReader::frame_size(std::size_t& head) const {
  if (input_.size() < 2) return std::size_t{0};
  const unsigned first = byte_at(input_, 0), second = byte_at(input_, 1);
  if ((first & kReserved) != 0) return bad_request("a WebSocket frame has reserved bits");
  if ((second & kMasked) == 0) return bad_request("a WebSocket frame of a client must be masked");
  const unsigned length = second & kLength;
  const bool control = (first & 0x08) != 0;
  if (control && (length > kControlBytesMax || (first & kFinal) == 0))
    return bad_request("a WebSocket control frame is too long or in parts");
  const std::size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
  head = 2 + length_bytes + kMaskBytes;
  if (input_.size() < head) return std::size_t{0};
  std::uint64_t size = length_bytes == 0 ? length : 0;
  for (std::size_t i = 0; i < length_bytes; ++i) size = (size << 8) | byte_at(input_, 2 + i);
  if (size > payload_bytes_max_) return bad_request("a WebSocket frame is too large");
  return head + static_cast<std::size_t>(size);
}

Result<void> WebSocketReader::feed(std::string_view bytes, const OnFrame& on_frame) {
  input_ += bytes;
  std::size_t head = 0;
  while (true) {
    const std::size_t size = TRY(frame_size(head));
    if (size == 0 || input_.size() < size) return {};
    std::string frame = input_.substr(0, size);
    input_.erase(0, size);
    for (std::size_t i = head; i < size; ++i)
      frame[i] = static_cast<char>(frame[i] ^ frame[head - kMaskBytes + (i - head) % kMaskBytes]);
    on_frame(static_cast<WebSocketOpcode>(byte_at(frame, 0) & kOpcode), std::string_view(frame).substr(head));
  }
}

}  // namespace plinth::net
