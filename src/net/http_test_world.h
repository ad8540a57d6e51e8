// For tests: an HTTP server on a real loop, over TCP or TLS, and raw clients.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "net/http.h"
#include "net/tls.h"
#include "net/tls_network.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::net {

// A client that says exactly what a test tells it to.
struct RawClient final : StreamEvents {
  void adopt(std::unique_ptr<Stream> s) {
    stream = std::move(s);
    stream->start(this);
  }
  void send(std::string text) { stream->write({SharedBytes(std::move(text))}); }
  void on_data(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes(bytes);
  }
  void on_read_closed() override { ended = true; }
  void on_closed() override { ended = true; }

  std::unique_ptr<Stream> stream;
  std::string received;
  std::function<void(std::string_view)> on_bytes;
  bool ended = false;
};

struct TestIdentity {
  TestIdentity() {
    world_real::RealEntropy entropy;
    const std::int64_t now = world_real::RealClock().wall_ns() / 1'000'000'000;
    ca = make_ca(entropy, "test-ca", now - 60, now + 3600).value();
    CertificateRequest request;
    request.common_name = "server";
    request.ip_addresses = {"127.0.0.1"};
    request.server = true;
    request.not_before_s = now - 60;
    request.not_after_s = now + 3600;
    server = issue_certificate(entropy, ca, request).value();
  }
  KeyPair ca, server;
};

enum class Transport { kPlain, kTls, kTlsHttp2 };

struct HttpWorld {
  explicit HttpWorld(HttpHandler handler, HttpLimits limits = {}, Transport transport = Transport::kPlain) {
    if (transport != Transport::kPlain) {
      const TestIdentity identity;
      tls = make_server_context(identity.server, identity.ca.certificate_pem).value();
      client_tls =
          make_client_context(identity.ca.certificate_pem, {}, false, {transport == Transport::kTls ? "http/1.1" : "h2"})
              .value();
    }
    server = make_http_server(*loop, clock, limits, std::move(handler),
                              [](const Error& error) { return "{\"message\":\"" + error.message() + "\"}"; });
    listener =
        network->listen(*loop, "127.0.0.1:0", tls, [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); })
            .value();
  }
  std::unique_ptr<RawClient> connect() {
    auto client = std::make_unique<RawClient>();
    network->connect(*loop, listener->address(), client_tls, "", std::chrono::seconds(10),
                     [&client](Result<std::unique_ptr<Stream>> s) { client->adopt(std::move(s).value()); });
    REQUIRE(until([&] { return client->stream != nullptr; }));
    return client;
  }
  // Sends `text`, returns everything received until the server closed.
  std::string exchange(const std::string& text) {
    const auto client = connect();
    client->send(text);
    REQUIRE(until([&] { return client->ended; }));
    return client->received;
  }
  template <typename Condition>
  bool until(Condition condition) {
    return world_real::poll_until(*loop, condition);
  }

  world_real::RealClock clock;
  world_real::ThreadPool pool{1, 16};
  world_real::RealNetwork plain{pool};
  std::unique_ptr<Network> network = make_tls_network(plain);
  std::unique_ptr<world_real::EpollLoop> loop = std::move(world_real::EpollLoop::create()).value();
  std::shared_ptr<TlsServerContext> tls;
  std::shared_ptr<TlsClientContext> client_tls;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Listener> listener;
};

// Answers with what it was asked: method, target, host and body.
inline void echo(HttpRequest request, std::shared_ptr<Responder> responder) {
  HttpResponse response;
  response.headers.add("content-type", "text/plain");
  response.body.push_back(SharedBytes(request.method + " " + request.target + " " + request.host + "\n"));
  response.body.push_back(SharedBytes(std::move(request.body)));
  responder->send(std::move(response));
}

}  // namespace plinth::net
