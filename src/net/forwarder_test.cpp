// A client, a server that forwards, and a backend, on one real loop.
#include "net/forwarder.h"

#include "net/http_test_world.h"

namespace plinth::net {
namespace {

// A backend that is driven by hand: what it gets, and what it says.
struct Backend {
  explicit Backend(HttpWorld& world) {
    listener = world.network
                   ->listen(*world.loop, "127.0.0.1:0", nullptr,
                            [this](std::unique_ptr<Stream> stream) {
                              connections.push_back(std::make_unique<RawClient>());
                              connections.back()->adopt(std::move(stream));
                            })
                   .value();
  }
  std::string address() const { return listener->address(); }
  RawClient& last() { return *connections.back(); }
  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<RawClient>> connections;
};

struct ProxyWorld {
  explicit ProxyWorld(Transport transport = Transport::kPlain, ForwarderLimits limits = {})
      : world(echo, {}, transport), backend(world) {
    forwarder = make_forwarder(*world.loop, *world.network, world.clock, limits);
    addresses = {backend.address()};
    auto handle = [this](HttpRequest request, std::shared_ptr<IncomingBody> body, std::shared_ptr<Responder> responder) {
      forwarder->forward(addresses, nullptr, std::move(request), std::move(body), responder, [responder](Error error) {
        HttpResponse response;
        response.status = error.reason() == Reason::kTimeout ? 504 : error.code();
        response.body.push_back(SharedBytes(error.message()));
        responder->send(std::move(response));
      });
    };
    HttpLimits server_limits;
    server_limits.body_bytes_max = SIZE_MAX;
    server = make_proxy_http_server(*world.loop, world.clock, server_limits, handle, nullptr);
    listener = world.network
                   ->listen(*world.loop, "127.0.0.1:0", world.tls,
                            [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); })
                   .value();
  }
  ~ProxyWorld() { forwarder.reset(); }

  std::unique_ptr<RawClient> connect() {
    auto client = std::make_unique<RawClient>();
    world.network->connect(*world.loop, listener->address(), world.client_tls, "", std::chrono::seconds(10),
                           [&client](Result<std::unique_ptr<Stream>> s) { client->adopt(std::move(s).value()); });
    REQUIRE(world.until([&] { return client->stream != nullptr; }));
    return client;
  }
  bool backend_got(std::string_view text) {
    return world.until([&] { return !backend.connections.empty() && backend.last().received.find(text) != std::string::npos; });
  }
  bool client_got(RawClient& client, std::string_view text) {
    return world.until([&] { return client.received.find(text) != std::string::npos; });
  }

  HttpWorld world;
  Backend backend;
  std::vector<std::string> addresses;
  std::unique_ptr<Forwarder> forwarder;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Listener> listener;
};

TEST_CASE("a request is passed on and its connection kept for the next one") {
  ProxyWorld p;
  const auto client = p.connect();
  for (int round = 0; round < 2; ++round) {
    client->received.clear();
    client->send("GET /a?b=c HTTP/1.1\r\nHost: web.example\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Mine: 2\r\n\r\n");
    REQUIRE(p.backend_got("\r\n\r\n"));
    CHECK(p.backend.last().received == "GET /a?b=c HTTP/1.1\r\nhost: web.example\r\nx-mine: 2\r\n\r\n");
    p.backend.last().received.clear();
    p.backend.last().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Answer: 3\r\nKeep-Alive: timeout=5\r\n\r\nhello");
    REQUIRE(p.client_got(*client, "\r\n\r\nhello"));
    CHECK(client->received.find("x-answer: 3\r\n") != std::string::npos);
    CHECK(client->received.find("keep-alive") == std::string::npos);
  }
  CHECK(p.backend.connections.size() == 1);
  CHECK(p.forwarder->under_way() == 0);
}

TEST_CASE("bodies stream both ways before either is complete") {
  ProxyWorld p;
  const auto client = p.connect();
  client->send("POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  REQUIRE(p.backend_got("3\r\nabc\r\n"));
  p.backend.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n");
  REQUIRE(p.client_got(*client, "2\r\nxy\r\n"));
  client->send("4\r\ndefg\r\n0\r\n\r\n");
  REQUIRE(p.backend_got("4\r\ndefg\r\n0\r\n\r\n"));
  p.backend.last().send("1\r\nz\r\n0\r\n\r\n");
  REQUIRE(p.client_got(*client, "1\r\nz\r\n0\r\n\r\n"));
  // The connection is good for another one.
  client->received.clear();
  client->send("PUT /two HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(p.backend_got("content-length: 2\r\n\r\nok"));
  p.backend.last().send("HTTP/1.1 204 No Content\r\n\r\n");
  REQUIRE(p.client_got(*client, "204 No Content"));
  CHECK(p.backend.connections.size() == 1);
}

TEST_CASE("a sender is held back while the other side does not read") {
  ForwarderLimits limits;
  limits.queued_bytes_max = 64 * 1024;
  ProxyWorld p(Transport::kPlain, limits);
  const auto client = p.connect();
  constexpr std::size_t kSize = 32 * 1024 * 1024;
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  REQUIRE(p.backend_got("\r\n\r\n"));
  p.backend.last().received.clear();
  p.backend.last().stream->pause_reading(true);
  client->send(std::string(kSize, 'x'));
  // Sockets hold some of it; the most stays where it came from.
  std::size_t before = 0;
  REQUIRE(p.world.until([&] {
    return std::exchange(before, client->stream->queued_bytes()) == client->stream->queued_bytes() && before < kSize;
  }));
  CHECK(client->stream->queued_bytes() > kSize / 4);
  p.backend.last().stream->pause_reading(false);
  REQUIRE(p.world.until([&] { return p.backend.last().received.size() == kSize; }));
  // And the answer the other way.
  client->stream->pause_reading(true);
  p.backend.last().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n" + std::string(kSize, 'y'));
  CHECK(p.world.until([&] { return p.backend.last().stream->queued_bytes() < kSize; }));
  CHECK(p.backend.last().stream->queued_bytes() > kSize / 4);
  client->stream->pause_reading(false);
  CHECK(p.world.until([&] { return client->received.size() > kSize; }));
  CHECK(p.world.until([&] { return p.forwarder->under_way() == 0; }));
}

TEST_CASE("an upgrade becomes a tunnel") {
  ProxyWorld p;
  const auto client = p.connect();
  client->send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly");
  REQUIRE(p.backend_got("\r\n\r\n"));
  CHECK(p.backend.last().received.find("connection: Upgrade\r\nupgrade: websocket\r\n") != std::string::npos);
  p.backend.last().send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nfirst");
  REQUIRE(p.client_got(*client, "first"));
  CHECK(client->received.find("101 Switching Protocols") != std::string::npos);
  CHECK(client->received.find("sec-websocket-accept: a") != std::string::npos);
  REQUIRE(p.backend_got("early"));
  client->send("more");
  REQUIRE(p.backend_got("earlymore"));
  CHECK(p.forwarder->under_way() == 1);
  client->stream->close();
  CHECK(p.world.until([&] { return p.backend.last().ended; }));
  p.backend.last().stream->close();
  CHECK(p.world.until([&] { return p.forwarder->under_way() == 0; }));
}

TEST_CASE("what goes wrong is told") {
  ForwarderLimits limits;
  limits.head_timeout = std::chrono::milliseconds(50);
  ProxyWorld p(Transport::kPlain, limits);
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  SUBCASE("nobody listens") {
    p.backend.listener->close();
    const auto client = p.connect();
    client->send(get);
    CHECK(p.client_got(*client, "HTTP/1.1 503"));
  }
  SUBCASE("another address takes it") {
    p.addresses = {"127.0.0.1:1", p.backend.address()};
    const auto client = p.connect();
    client->send(get);
    CHECK(p.backend_got("GET / "));
  }
  SUBCASE("no answer") {
    const auto client = p.connect();
    client->send(get);
    CHECK(p.client_got(*client, "HTTP/1.1 504"));
  }
  SUBCASE("not HTTP") {
    const auto client = p.connect();
    client->send(get);
    REQUIRE(p.backend_got("\r\n\r\n"));
    p.backend.last().send("what?\r\n\r\n");
    CHECK(p.client_got(*client, "HTTP/1.1 502"));
  }
  SUBCASE("cut off within the answer") {
    const auto client = p.connect();
    client->send(get);
    REQUIRE(p.backend_got("\r\n\r\n"));
    p.backend.last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    REQUIRE(p.client_got(*client, "half"));
    p.backend.last().stream->close();
    CHECK(p.world.until([&] { return client->ended; }));
  }
  SUBCASE("the client goes away") {
    const auto client = p.connect();
    client->send(get);
    REQUIRE(p.backend_got("\r\n\r\n"));
    client->stream->close();
    CHECK(p.world.until([&] { return p.backend.last().ended; }));
  }
  SUBCASE("an answer before the request is complete ends the connection") {
    const auto client = p.connect();
    client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\npart");
    REQUIRE(p.backend_got("part"));
    p.backend.last().send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
    CHECK(p.client_got(*client, "HTTP/1.1 413"));
    CHECK(p.world.until([&] { return client->ended; }));
  }
  CHECK(p.world.until([&] { return p.forwarder->under_way() <= 1; }));
}

TEST_CASE("a certificate for each name that is asked for") {
  const TestIdentity identity;
  world_real::RealEntropy entropy;
  const std::int64_t now = world_real::RealClock().wall_ns() / 1'000'000'000;
  CertificateRequest request;
  request.common_name = "other";
  request.dns_names = {"web.example", "*.wild.example"};
  request.server = true;
  request.not_before_s = now - 60;
  request.not_after_s = now + 3600;
  const KeyPair other = issue_certificate(entropy, identity.ca, request).value();
  HttpWorld world(echo);
  auto context = make_server_context(identity.server, "").value();
  const auto wrong =
      set_named_identities(*context, {{{"web.example", "*.wild.example"}, other}, {{"bad.example"}, {"no", "pem"}}});
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].message().find("bad.example: ") == 0);
  const auto listener =
      world.network
          ->listen(*world.loop, "127.0.0.1:0", context, [&](std::unique_ptr<Stream> s) { world.server->serve(std::move(s)); })
          .value();
  const auto client = make_client_context(identity.ca.certificate_pem, {}, false).value();
  for (const auto& [name, good] :
       {std::pair{"web.example", true}, {"a.wild.example", true}, {"a.b.wild.example", false}, {"127.0.0.1", true}}) {
    int outcome = -1;
    std::unique_ptr<Stream> kept;
    world.network->connect(*world.loop, listener->address(), client, name, std::chrono::seconds(5),
                           [&](Result<std::unique_ptr<Stream>> s) {
                             outcome = s.ok() ? 1 : 0;
                             if (s.ok()) kept = std::move(*s);
                           });
    REQUIRE(world.until([&] { return outcome >= 0; }));
    const std::string_view shown = name;
    CHECK_MESSAGE((outcome == 1) == good, shown);
  }
}

}  // namespace
}  // namespace plinth::net
