#include <doctest/doctest.h>

#include "net/http_test_world.h"

namespace plinth::net {
namespace {

using std::chrono::milliseconds;

struct ClientWorld : HttpWorld {
  explicit ClientWorld(HttpHandler handler, Transport transport = Transport::kPlain, HttpLimits limits = {})
      : HttpWorld(std::move(handler), limits, transport), client(make_http_client(*loop, *network, clock)) {}
  static HttpRequest request(std::string method, std::string target, std::string body = "") {
    HttpRequest made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.body = std::move(body);
    return made;
  }
  Result<HttpResponse> send(HttpRequest made, HttpClient::Options options = {}) {
    std::optional<Result<HttpResponse>> outcome;
    client->send(listener->address(), client_tls, std::move(made), options,
                 [&](Result<HttpResponse> r) { outcome.emplace(std::move(r)); });
    REQUIRE_FALSE(outcome.has_value());
    REQUIRE(until([&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }
  std::unique_ptr<HttpClient> client;
};

TEST_CASE("calls over plain and TLS share one kept-alive connection") {
  for (const Transport transport : {Transport::kPlain, Transport::kTls}) {
    ClientWorld world(echo, transport);
    for (const auto& [method, body] : {std::pair{"GET", ""}, {"POST", "some body"}, {"DELETE", ""}, {"PUT", "x"}}) {
      auto answer = world.send(ClientWorld::request(method, "/a?b", body));
      REQUIRE(answer.ok());
      CHECK(answer->status == 200);
      CHECK(answer->headers.get("content-type") == "text/plain");
      CHECK(flatten(answer->body) == std::string(method) + " /a?b " + world.listener->address() + "\n" + body);
      CHECK(world.server->connections() == 1);
    }
    auto head = world.send(ClientWorld::request("HEAD", "/"));
    REQUIRE(head.ok());
    CHECK(head->body.empty());
    CHECK(world.server->connections() == 1);
  }
}

TEST_CASE("calls at the same time use connections of their own; the answers do not mix") {
  std::vector<std::pair<std::string, std::shared_ptr<Responder>>> waiting;
  ClientWorld world(
      [&](HttpRequest request, std::shared_ptr<Responder> r) { waiting.emplace_back(request.target, std::move(r)); });
  std::map<std::string, std::string> answers;
  for (int i = 0; i < 5; ++i) {
    const std::string target = "/" + std::to_string(i);
    world.client->send(
        world.listener->address(), nullptr, ClientWorld::request("GET", target), {},
        [&answers, target](Result<HttpResponse> r) { answers[target] = r.ok() ? flatten(r->body) : r.error().message(); });
  }
  REQUIRE(world.until([&] { return waiting.size() == 5; }));
  CHECK(world.server->connections() == 5);
  for (std::size_t i = waiting.size(); i-- > 0;) {
    HttpResponse response;
    response.body.push_back(SharedBytes("to " + waiting[i].first));
    waiting[i].second->send(std::move(response));
  }
  REQUIRE(world.until([&] { return answers.size() == 5; }));
  for (const auto& [target, body] : answers) CHECK(body == "to " + target);
}

TEST_CASE("what goes wrong is told with its reason") {
  std::vector<std::shared_ptr<Responder>> waiting;
  ClientWorld world([&](HttpRequest request, std::shared_ptr<Responder> r) {
    if (request.target == "/cut") {
      r->begin({});
      r->write({SharedBytes(std::string("half"))});
      r->abort();
    } else if (request.target == "/big") {
      HttpResponse response;
      response.body.push_back(SharedBytes(std::string(1001, 'x')));
      r->send(std::move(response));
    } else {
      waiting.push_back(std::move(r));
    }
  });
  HttpClient::Options options;
  options.body_bytes_max = 1000;
  CHECK(world.send(ClientWorld::request("GET", "/big"), options).error().reason() == Reason::kRequestEntityTooLarge);
  CHECK(world.send(ClientWorld::request("GET", "/cut")).error().reason() == Reason::kServiceUnavailable);
  options.timeout = milliseconds(30);
  CHECK(world.send(ClientWorld::request("GET", "/wait"), options).error().reason() == Reason::kTimeout);
  REQUIRE(waiting.size() == 1);
  waiting[0]->send({});  // to a client that has left
  const std::string address = world.listener->address();
  world.listener->close();
  world.server.reset();
  CHECK(world.send(ClientWorld::request("POST", "/")).error().reason() == Reason::kServiceUnavailable);
}

TEST_CASE("answers that are not HTTP, or have no length") {
  ClientWorld world(echo);
  struct Row {
    std::string answer;
    std::optional<Reason> reason;
    std::string body;
  };
  for (const Row& row :
       {Row{"SSH-2.0-OpenSSH\r\n\r\n", Reason::kBadRequest, ""},
        Row{"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Reason::kBadRequest, ""},
        Row{"HTTP/1.1 200 OK\r\n\r\nuntil the end", std::nullopt, "until the end"},
        Row{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            std::nullopt, "ok"},
        Row{"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", Reason::kServiceUnavailable, ""},
        Row{"", Reason::kServiceUnavailable, ""}}) {
    CAPTURE(row.answer);
    std::unique_ptr<RawClient> peer;
    auto listener = world.network
                        ->listen(*world.loop, "127.0.0.1:0", nullptr,
                                 [&](std::unique_ptr<Stream> stream) {
                                   peer = std::make_unique<RawClient>();
                                   peer->on_bytes = [&](std::string_view) {
                                     if (!row.answer.empty()) peer->send(row.answer);
                                     peer->stream->shutdown_write();
                                   };
                                   peer->adopt(std::move(stream));
                                 })
                        .value();
    std::optional<Result<HttpResponse>> outcome;
    world.client->send(listener->address(), nullptr, ClientWorld::request("GET", "/"), {},
                       [&](Result<HttpResponse> r) { outcome.emplace(std::move(r)); });
    REQUIRE(world.until([&] { return outcome.has_value(); }));
    REQUIRE(outcome->ok() == !row.reason.has_value());
    if (row.reason)
      CHECK(outcome->error().reason() == *row.reason);
    else
      CHECK(flatten((*outcome)->body) == row.body);
  }
}

TEST_CASE("a call that is safe to repeat survives the end of a kept-alive connection") {
  HttpLimits limits;
  limits.idle_timeout = milliseconds(100);
  ClientWorld world(echo, Transport::kPlain, limits);
  REQUIRE(world.send(ClientWorld::request("GET", "/1")).ok());
  REQUIRE(world.until([&] { return world.server->connections() == 0; }));
  REQUIRE(world.send(ClientWorld::request("GET", "/2")).ok());

  // A server that dies with the second request in its hands.
  int connections = 0;
  int requests = 0;
  std::vector<std::unique_ptr<RawClient>> peers;
  auto listener = world.network
                      ->listen(*world.loop, "127.0.0.1:0", nullptr,
                               [&](std::unique_ptr<Stream> stream) {
                                 ++connections;
                                 peers.push_back(std::make_unique<RawClient>());
                                 RawClient* peer = peers.back().get();
                                 peer->on_bytes = [&requests, peer](std::string_view) {
                                   if (++requests % 2 == 1)
                                     peer->send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                                   else
                                     peer->stream->close();
                                 };
                                 peer->adopt(std::move(stream));
                               })
                      .value();
  auto send = [&](const char* method) {
    std::optional<bool> ok;
    world.client->send(listener->address(), nullptr, ClientWorld::request(method, "/"), {},
                       [&](Result<HttpResponse> r) { ok = r.ok(); });
    REQUIRE(world.until([&] { return ok.has_value(); }));
    return *ok;
  };
  CHECK(send("GET"));
  CHECK(send("GET"));
  CHECK(connections == 2);
  CHECK(requests == 3);
  CHECK_FALSE(send("POST"));
  CHECK(requests == 4);
}

TEST_CASE("streamed answers arrive chunk by chunk; cancel ends them without a word") {
  std::shared_ptr<Responder> responder;
  ClientWorld world(
      [&](HttpRequest, std::shared_ptr<Responder> r) {
        r->begin({});
        responder = std::move(r);
      },
      Transport::kTls);
  int heads = 0;
  std::string received;
  std::optional<bool> done;
  HttpClient::Options options;
  options.timeout = milliseconds(500);  // to the head only
  auto begin = [&] {
    return world.client->stream(
        world.listener->address(), world.client_tls, ClientWorld::request("GET", "/watch"), options,
        [&](const HttpResponse& head) { heads += head.status == 200 ? 1 : 0; },
        [&](std::string_view bytes) { received += bytes; }, [&](Result<void> outcome) { done = outcome.ok(); });
  };
  const auto cancel = begin();
  REQUIRE(world.until([&] { return heads == 1; }));
  responder->write({SharedBytes(std::string("one"))});
  REQUIRE(world.until([&] { return received == "one"; }));
  bool later = false;
  world.loop->after(milliseconds(600), [&] { later = true; });
  REQUIRE(world.until([&] { return later; }));
  CHECK_FALSE(done.has_value());
  SUBCASE("ends") {
    responder->write({SharedBytes(std::string("two"))});
    responder->end();
    REQUIRE(world.until([&] { return done.has_value(); }));
    CHECK(*done);
    CHECK(received == "onetwo");
  }
  SUBCASE("is cut off") {
    responder->abort();
    REQUIRE(world.until([&] { return done.has_value(); }));
    CHECK_FALSE(*done);
  }
  SUBCASE("is cancelled") {
    cancel();
    REQUIRE(world.until([&] { return responder->closed(); }));
    CHECK_FALSE(done.has_value());
    cancel();
  }
  SUBCASE("the client is destroyed") {
    world.client.reset();
    REQUIRE(world.until([&] { return responder->closed(); }));
    CHECK_FALSE(done.has_value());
    cancel();
  }
}

}  // namespace
}  // namespace plinth::net
