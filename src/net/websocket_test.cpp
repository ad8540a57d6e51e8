#include "net/websocket.h"

#include <vector>

#include <doctest/doctest.h>

namespace plinth::net {
namespace {

HttpRequest handshake() {
  HttpRequest request;
  request.method = "GET";
  request.headers.add("connection", "keep-alive, Upgrade");
  request.headers.add("upgrade", "WebSocket");
  request.headers.add("sec-websocket-version", "13");
  request.headers.add("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");  // RFC 6455 section 1.3
  return request;
}

TEST_CASE("the handshake of RFC 6455 section 1.3") {
  const HttpRequest request = handshake();
  CHECK(wants_websocket(request));
  auto headers = websocket_handshake(request);
  REQUIRE(headers.ok());
  CHECK(headers->get("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(headers->get("upgrade") == "websocket");
}

TEST_CASE("requests that are no handshake") {
  HttpRequest plain;
  CHECK_FALSE(wants_websocket(plain));
  HttpRequest over_http2 = handshake();
  over_http2.version = 20;
  CHECK_FALSE(wants_websocket(over_http2));
  for (const auto& header : std::vector<std::pair<std::string, std::string>>{{"sec-websocket-version", "8"},
                                                                             {"sec-websocket-key", ""},
                                                                             {"sec-websocket-key", "c2hvcnQ="},
                                                                             {"sec-websocket-key", "no base64!"}}) {
    CAPTURE(header.first);
    CAPTURE(header.second);
    HttpRequest request = handshake();
    request.headers.set(header.first, header.second);
    CHECK_FALSE(websocket_handshake(request).ok());
  }
  HttpRequest post = handshake();
  post.method = "POST";
  CHECK_FALSE(websocket_handshake(post).ok());
}

TEST_CASE("frames to the client: the three forms of a length") {
  CHECK(flatten(websocket_frame(WebSocketOpcode::kText, {SharedBytes("Hello")})) == "\x81\x05Hello");  // RFC 6455 section 5.7
  const std::string middle(256, 'x'), large(65536, 'y');
  CHECK(flatten(websocket_frame(WebSocketOpcode::kBinary, {SharedBytes(middle)})) ==
        std::string("\x82\x7E\x01\x00", 4) + middle);
  CHECK(flatten(websocket_frame(WebSocketOpcode::kBinary, {SharedBytes(large)})) ==
        std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10) + large);
  CHECK(flatten(websocket_close(1000)) == "\x88\x02\x03\xE8");
}

std::string read_all(const std::vector<std::string>& pieces) {
  WebSocketReader reader;
  std::string out;
  const WebSocketReader::OnFrame on_frame = [&out](WebSocketOpcode opcode, std::string_view payload) {
    out += std::to_string(static_cast<int>(opcode)) + ":" + std::string(payload) + " ";
  };
  for (const std::string& piece : pieces) {
    if (auto fed = reader.feed(piece, on_frame); !fed.ok()) return out + "error";
  }
  return out;
}

TEST_CASE("frames from the client") {
  const std::string hello = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";  // RFC 6455 section 5.7
  CHECK(read_all({hello}) == "1:Hello ");
  CHECK(read_all({hello + hello}) == "1:Hello 1:Hello ");
  std::vector<std::string> bytes;
  for (const char c : hello) bytes.emplace_back(1, c);
  CHECK(read_all(bytes) == "1:Hello ");
  const std::string mask(4, '\0');
  CHECK(read_all({"\x88\x80" + mask}) == "8: ");
  CHECK(read_all({std::string("\x82\xFE\x00\x7E", 4) + mask + std::string(126, 'a')}) == "2:" + std::string(126, 'a') + " ");
  struct Row {
    const char* why;
    std::string bytes;
  };
  for (const Row& row : {Row{"not masked", "\x81\x05Hello"}, Row{"reserved bits", "\xC1\x80" + mask},
                         Row{"a ping in parts", std::string("\x09\x80", 2) + mask},
                         Row{"a long ping", "\x89\xFE" + std::string("\x00\x7E", 2) + mask},
                         Row{"too large", "\x82\xFF" + std::string("\x00\x00\x00\x00\x01\x00\x00\x00", 8) + mask}}) {
    CAPTURE(row.why);
    CHECK(read_all({row.bytes}) == "error");
  }
}

}  // namespace
}  // namespace plinth::net
