#include "net/tls.h"

#include <doctest/doctest.h>

#include "net/tls_network.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::net {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr std::int64_t kDay = 24 * 3600;

struct CountingEntropy final : Entropy {
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out)
      byte = static_cast<unsigned char>((state = state * 6364136223846793005u + 1442695040888963407u) >> 33);
  }
  std::uint64_t state = 7;
};

struct Authority {
  Authority()
      : now(world_real::RealClock().wall_ns() / 1'000'000'000),
        ca(make_ca(entropy, "plinth-ca", now - 60, now + kDay).value()) {}
  KeyPair server(std::int64_t not_after_s) {
    CertificateRequest request;
    request.common_name = "plinth";
    request.dns_names = {"localhost", "kubernetes.default.svc"};
    request.ip_addresses = {"127.0.0.1", "::1"};
    request.server = true;
    request.not_before_s = now - 60;
    request.not_after_s = not_after_s;
    return issue_certificate(entropy, ca, request).value();
  }
  KeyPair client(std::int64_t not_before_s, std::int64_t not_after_s) {
    CertificateRequest request;
    request.common_name = "admin";
    request.organizations = {"system:masters", "others"};
    request.client = true;
    request.not_before_s = not_before_s;
    request.not_after_s = not_after_s;
    return issue_certificate(entropy, ca, request).value();
  }
  world_real::RealEntropy entropy;
  std::int64_t now;
  KeyPair ca;
};

struct Peer final : StreamEvents {
  explicit Peer(std::unique_ptr<Stream> s) : stream(std::move(s)) { stream->start(this); }
  void on_data(std::string_view bytes) override { received += bytes; }
  void on_drained() override { ++drained; }
  void on_read_closed() override { read_closed = true; }
  void on_closed() override { closed = true; }

  std::unique_ptr<Stream> stream;
  std::string received;
  int drained = 0;
  bool read_closed = false;
  bool closed = false;
};

struct TlsWorld {
  explicit TlsWorld(std::shared_ptr<TlsServerContext> context) {
    listener = network
                   ->listen(*loop, "127.0.0.1:0", std::move(context),
                            [this](std::unique_ptr<Stream> s) { server = std::make_unique<Peer>(std::move(s)); })
                   .value();
  }
  // The client's error, or "" once both ends are connected.
  std::string connect(std::shared_ptr<TlsClientContext> context, const std::string& server_name = "") {
    std::optional<std::string> outcome;
    server.reset();
    client.reset();
    network->connect(*loop, listener->address(), std::move(context), server_name, kTimeout,
                     [&](Result<std::unique_ptr<Stream>> s) {
                       outcome = s.ok() ? "" : s.error().message();
                       if (s.ok()) client = std::make_unique<Peer>(std::move(s).value());
                     });
    REQUIRE(poll_until(*loop, [&] { return outcome.has_value(); }));
    if (client) REQUIRE(poll_until(*loop, [&] { return server != nullptr; }));
    return *outcome;
  }
  world_real::ThreadPool pool{1, 16};
  world_real::RealNetwork plain{pool};
  std::unique_ptr<Network> network = make_tls_network(plain);
  std::unique_ptr<world_real::EpollLoop> loop = std::move(world_real::EpollLoop::create()).value();
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Peer> server, client;
};

TEST_CASE("the same entropy makes the same keys and signatures") {
  auto make = [] {
    CountingEntropy entropy;
    const KeyPair ca = make_ca(entropy, "ca", 1000, 2000).value();
    CertificateRequest request;
    request.common_name = "x";
    request.client = true;
    request.not_before_s = 1000;
    request.not_after_s = 1500;
    const KeyPair leaf = issue_certificate(entropy, ca, request).value();
    return ca.certificate_pem + ca.private_key_pem + leaf.certificate_pem + leaf.private_key_pem;
  };
  CHECK(make() == make());
}

TEST_CASE("expiry, and what is refused") {
  Authority authority;
  CHECK(certificate_expiry(authority.ca.certificate_pem).value() == authority.now + kDay);
  CHECK_FALSE(certificate_expiry("nonsense").ok());
  CertificateRequest request;
  request.common_name = "x";
  request.not_before_s = 10;
  request.not_after_s = 10;
  CHECK_FALSE(issue_certificate(authority.entropy, authority.ca, request).ok());
  request.not_after_s = 20;
  request.ip_addresses = {"300.1.1.1"};
  CHECK(issue_certificate(authority.entropy, authority.ca, request).error().reason() == Reason::kBadRequest);
  const KeyPair other = make_ca(authority.entropy, "other", 1, 2).value();
  CHECK_FALSE(make_server_context({authority.ca.certificate_pem, other.private_key_pem}, "").ok());
  CHECK_FALSE(make_server_context(authority.server(authority.now + kDay), "no pem").ok());
}

TEST_CASE("client certificates: a good one is described, others count as absent") {
  Authority authority;
  Authority stranger;
  TlsWorld world(make_server_context(authority.server(authority.now + kDay), authority.ca.certificate_pem).value());
  struct Row {
    const char* name;
    KeyPair identity;
    bool present;
  };
  const std::int64_t now = authority.now;
  for (const Row& row : {Row{"none", {}, false}, Row{"good", authority.client(now - 60, now + kDay), true},
                         Row{"expired", authority.client(now - 60, now - 30), false},
                         Row{"foreign", stranger.client(now - 60, now + kDay), false},
                         Row{"server purpose only", authority.server(now + kDay), false}}) {
    CAPTURE(row.name);
    CHECK(world.connect(make_client_context(authority.ca.certificate_pem, row.identity, false).value()) == "");
    const PeerInfo& peer = world.server->stream->peer();
    CHECK(peer.alpn == "http/1.1");
    CHECK(peer.loopback);
    REQUIRE(peer.certificate.present == row.present);
    if (!row.present) continue;
    CHECK(peer.certificate.common_name == "admin");
    CHECK(peer.certificate.organizations == std::vector<std::string>{"system:masters", "others"});
    CHECK(peer.certificate.serial.size() > 30);
  }
}

TEST_CASE("server certificates are checked for authority and name, unless told to skip that") {
  Authority authority;
  Authority stranger;
  const KeyPair identity = authority.server(authority.now + kDay);
  TlsWorld world(make_server_context(identity, "").value());
  const std::string& ca = authority.ca.certificate_pem;
  // The server's own certificate may stand for its authority, under its name.
  const std::string& own = identity.certificate_pem;
  CHECK(world.connect(make_client_context(own, {}, false).value(), "kubernetes.default.svc") == "");
  CHECK(world.connect(make_client_context(own, {}, false).value(), "example.org").find("certificate is refused") !=
        std::string::npos);
  CHECK(world.connect(make_client_context(authority.server(authority.now + 2 * kDay).certificate_pem, {}, false).value())
            .find("certificate is refused") != std::string::npos);
  CHECK(world.connect(make_client_context(ca, {}, false).value(), "kubernetes.default.svc") == "");
  CHECK(world.connect(make_client_context(ca, {}, false).value(), "::1") == "");
  CHECK(world.connect(make_client_context(ca, {}, false).value(), "example.org").find("certificate is refused") !=
        std::string::npos);
  CHECK(world.connect(make_client_context(stranger.ca.certificate_pem, {}, false).value()).find("certificate is refused") !=
        std::string::npos);
  CHECK(world.connect(make_client_context("", {}, true).value(), "example.org") == "");
}

TEST_CASE("an expired server certificate is replaced without a restart") {
  Authority authority;
  auto context = make_server_context(authority.server(authority.now - 1), authority.ca.certificate_pem).value();
  TlsWorld world(context);
  auto client = make_client_context(authority.ca.certificate_pem, {}, false).value();
  CHECK(world.connect(client).find("expired") != std::string::npos);
  CHECK(renew_identity(*context, authority.server(authority.now + kDay)).ok());
  CHECK(world.connect(client) == "");
  CHECK_FALSE(renew_identity(*context, {"", ""}).ok());
  CHECK(world.connect(client) == "");
}

TEST_CASE("data, a slow reader, and a clean end") {
  Authority authority;
  TlsWorld world(make_server_context(authority.server(authority.now + kDay), "").value());
  REQUIRE(world.connect(make_client_context(authority.ca.certificate_pem, {}, false).value()) == "");
  world.client->stream->pause_reading(true);
  std::string sent;
  for (int i = 0; i < 400; ++i) {
    const std::string text(static_cast<std::size_t>(1 + i * 97), static_cast<char>('a' + i % 26));
    sent += text;
    world.server->stream->write({SharedBytes(text.substr(0, text.size() / 2)), SharedBytes(text.substr(text.size() / 2))});
  }
  const std::size_t before = sent.size();
  while (world.server->stream->queued_bytes() == 0) {
    const std::string text(1'000'000, 'z');
    sent += text;
    world.server->stream->write({SharedBytes(text)});
    world.loop->poll(Duration(0));
    REQUIRE(sent.size() < before + 100'000'000);
  }
  for (int i = 0; i < 5; ++i) world.loop->poll(Duration(0));
  world.client->stream->pause_reading(false);
  REQUIRE(poll_until(*world.loop, [&] { return world.client->received.size() == sent.size(); }));
  CHECK((world.client->received == sent));
  CHECK(poll_until(*world.loop, [&] { return world.server->drained >= 1; }));
  world.server->stream->write({SharedBytes(std::string("bye"))});
  world.server->stream->shutdown_write();
  CHECK(poll_until(*world.loop, [&] { return world.client->read_closed; }));
  CHECK(world.client->received.ends_with("bye"));
  world.client->stream->close();
  CHECK(poll_until(*world.loop, [&] { return world.client->closed && world.server->read_closed; }));
}

TEST_CASE("bytes that are not TLS end the connection, and only that one") {
  Authority authority;
  TlsWorld world(make_server_context(authority.server(authority.now + kDay), "").value());
  std::unique_ptr<Peer> raw;
  world.plain.connect(*world.loop, world.listener->address(), nullptr, "", kTimeout, [&](Result<std::unique_ptr<Stream>> s) {
    raw = std::make_unique<Peer>(std::move(s).value());
    raw->stream->write({SharedBytes(std::string("GET / HTTP/1.1\r\nhost: x\r\n\r\n"))});
  });
  CHECK(poll_until(*world.loop, [&] { return raw && (raw->closed || raw->read_closed); }));
  CHECK(world.server == nullptr);
  CHECK(world.connect(make_client_context(authority.ca.certificate_pem, {}, false).value()) == "");
}

}  // namespace
}  // namespace plinth::net
