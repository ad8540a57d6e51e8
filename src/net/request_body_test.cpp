#include "net/request_body.h"

#include <doctest/doctest.h>

#include "net/http_test_world.h"

namespace plinth::net {
namespace {

// Takes bodies of PUT; holds the reader back whenever it has taken more than `room`.
struct Taken {
  std::string bytes;
  std::size_t pieces = 0, room = SIZE_MAX;
  bool complete = false, let_go = false;
  Task resume;
};

class Body final : public RequestBody {
 public:
  explicit Body(Taken& taken) : taken_(taken) {}
  ~Body() override { taken_.let_go = true; }
  void take(std::string bytes) override {
    ++taken_.pieces;
    taken_.bytes += bytes;
  }
  bool full() const override { return taken_.bytes.size() > taken_.room; }
  void on_room(Task task) override { taken_.resume = std::move(task); }
  void complete(HttpRequest request, std::shared_ptr<Responder> responder) override {
    taken_.complete = true;
    HttpResponse response;
    response.status = request.body.empty() && request.target == "/large" ? 201 : 500;
    responder->send(std::move(response));
  }

 private:
  Taken& taken_;
};

struct StreamingWorld {
  StreamingWorld() {
    HttpLimits limits;
    limits.body_bytes_max = 100;
    server = make_streaming_http_server(
        *loop, clock, limits,
        [this](const HttpRequest& head) { return head.method == "PUT" ? std::make_shared<Body>(taken) : nullptr; },
        [](HttpRequest request, std::shared_ptr<Responder> responder) {
          HttpResponse response;
          response.body.push_back(SharedBytes(std::move(request.body)));
          responder->send(std::move(response));
        },
        [](const Error& error) { return error.message(); });
    listener =
        network
            .listen(*loop, "127.0.0.1:0", nullptr, [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); })
            .value();
    network.connect(*loop, listener->address(), nullptr, "", std::chrono::seconds(5),
                    [this](Result<std::unique_ptr<Stream>> stream) { client.adopt(std::move(*stream)); });
    REQUIRE(world_real::poll_until(*loop, [this] { return client.stream != nullptr; }));
  }
  ~StreamingWorld() {
    client.stream.reset();
    server.reset();
  }
  bool receives(std::string_view text) {
    return world_real::poll_until(*loop, [&] { return client.received.find(text) != std::string::npos; });
  }

  std::unique_ptr<world_real::EpollLoop> loop = world_real::EpollLoop::create().value();
  world_real::RealClock clock;
  world_real::ThreadPool pool{1, 10};
  world_real::RealNetwork network{pool};
  Taken taken;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Listener> listener;
  RawClient client;
};

TEST_CASE("a routed body comes piece by piece, with a length or in chunks, beyond the limit of collected ones") {
  StreamingWorld world;
  world.client.send("PUT /large HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\n\r\n" + std::string(200, 'a'));
  REQUIRE(world_real::poll_until(*world.loop, [&] { return world.taken.bytes.size() == 200; }));
  CHECK_FALSE(world.taken.complete);
  world.client.send(std::string(100, 'b') + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmall");
  CHECK(world.receives("201 "));
  CHECK(world.receives("small"));
  CHECK(world.taken.bytes == std::string(200, 'a') + std::string(100, 'b'));
  world.taken = {};
  world.client.send("PUT /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n78\r\n" + std::string(120, 'c') +
                    "\r\n0\r\n\r\n");
  CHECK(world_real::poll_until(*world.loop, [&] { return world.taken.complete; }));
  CHECK(world.taken.bytes == std::string(120, 'c'));
}

TEST_CASE("bodies that nobody routes keep their limit") {
  for (const std::string rest : {"Content-Length: 101\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 101\r\n\r\n"}) {
    StreamingWorld world;
    world.client.send("POST / HTTP/1.1\r\nHost: x\r\n" + rest);
    CHECK(world.receives("413 "));
    CHECK(world.client.received.find("100 Continue") == std::string::npos);
  }
  StreamingWorld world;
  world.client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'c') +
                    "\r\n0\r\n\r\n");
  CHECK(world.receives("413 "));
}

TEST_CASE("a body that is full stops the reader until there is room") {
  StreamingWorld world;
  world.taken.room = 1000;
  constexpr std::size_t kSize = 32 * 1024 * 1024;
  world.client.send("PUT /large HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(kSize) +
                    "\r\n\r\n");
  CHECK(world.receives("100 Continue"));
  world.client.send(std::string(kSize, 'x'));
  REQUIRE(world_real::poll_until(*world.loop, [&] { return static_cast<bool>(world.taken.resume); }));
  for (int i = 0; i < 20; ++i) world.loop->poll(std::chrono::milliseconds(1));
  CHECK(world.taken.pieces < 5);  // what was read already
  world.taken.room = SIZE_MAX;
  world.taken.resume();
  CHECK(world.receives("201 "));
  CHECK(world.taken.bytes.size() == kSize);
}

TEST_CASE("a body whose peer goes away is let go") {
  StreamingWorld world;
  world.client.send("PUT /large HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\n\r\nhalf");
  REQUIRE(world_real::poll_until(*world.loop, [&] { return world.taken.bytes == "half"; }));
  world.client.stream.reset();
  CHECK(world_real::poll_until(*world.loop, [&] { return world.taken.let_go; }));
  CHECK_FALSE(world.taken.complete);
}

}  // namespace
}  // namespace plinth::net
