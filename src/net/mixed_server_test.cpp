#include <doctest/doctest.h>

#include "net/http_test_world.h"
#include "net/proxy_server.h"

namespace plinth::net {
namespace {

TEST_CASE("one connection with requests that are collected and others that are handed on") {
  HttpLimits limits;
  limits.body_bytes_max = 100;
  HttpWorld world([](HttpRequest, std::shared_ptr<Responder>) {}, limits);
  std::string streamed;
  world.server = make_mixed_http_server(
      *world.loop, world.clock, limits,
      [](std::string_view method, std::string_view target) { return method == "PUT" && target == "/on"; },
      [&](HttpRequest request, std::shared_ptr<IncomingBody> body, std::shared_ptr<Responder> responder) {
        CHECK(request.body.empty());
        body->start([&](std::string_view bytes) { streamed += bytes; },
                    [&, responder] {
                      HttpResponse response;
                      response.body.push_back(SharedBytes("streamed " + std::to_string(streamed.size()) + "\n"));
                      responder->send(std::move(response));
                    });
      },
      echo, [](const Error& error) { return error.message(); });
  const auto client = world.connect();
  const auto says = [&](const std::string& sent, const std::string& part) {
    client->received.clear();
    client->send(sent);
    return world.until([&] { return client->received.find(part) != std::string::npos; });
  };
  const auto request = [](const std::string& line, std::size_t size) {
    return line + " HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  CHECK(says(request("POST /on", 50), "POST /on h\n" + std::string(50, 'x')));
  CHECK(says(request("PUT /on", 300), "streamed 300"));
  streamed.clear();
  CHECK(
      says("PUT /on HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nc8\r\n" + std::string(200, 'y') + "\r\n0\r\n\r\n",
           "streamed 200"));
  streamed.clear();
  // Ahead of the answers, in one piece.
  CHECK(says(request("PUT /on", 150) + request("POST /next", 3), "POST /next h\nxxx"));
  CHECK(streamed.size() == 150);
  CHECK(says(request("POST /on", 101), "413 "));
}

}  // namespace
}  // namespace plinth::net
