#include "world_sim/sim_network.h"

#include <doctest/doctest.h>

#include "world_sim/sim_world.h"

namespace plinth::world_sim {
namespace {

using std::chrono::seconds;

// Notes everything a stream tells.
struct Recorder final : StreamEvents {
  std::string data;
  int chunks = 0, drained = 0, read_closed = 0, closed = 0;
  std::unique_ptr<Stream> stream;

  void attach(std::unique_ptr<Stream> s) {
    stream = std::move(s);
    stream->start(this);
  }
  void on_data(std::string_view bytes) override {
    CHECK(closed == 0);
    CHECK(stream->loop().in_loop());
    data += bytes;
    ++chunks;
  }
  void on_drained() override { ++drained; }
  void on_read_closed() override { ++read_closed; }
  void on_closed() override { ++closed; }
};

struct Pair {
  explicit Pair(std::uint64_t seed = 1, std::unique_ptr<Network> client = nullptr) : world(seed) {
    auto listening = world.network().listen(server_loop, "127.0.0.1:0", nullptr,
                                            [this](std::unique_ptr<Stream> s) { server.attach(std::move(s)); });
    listener = std::move(*listening);
    connect(client == nullptr ? world.network() : *client);
  }
  void connect(Network& network) {
    network.connect(client_loop, listener->address(), nullptr, "", seconds(10), [this](Result<std::unique_ptr<Stream>> s) {
      connected = s.ok();
      if (s.ok())
        client.attach(std::move(*s));
      else
        error = s.error().reason();
    });
    run();
  }
  void run() { CHECK(world.run_for(seconds(20))); }

  SimWorld world;
  SimLoop& server_loop = world.new_loop("server");
  SimLoop& client_loop = world.new_loop("client");
  Recorder server, client;
  std::unique_ptr<Listener> listener;
  bool connected = false;
  Reason error = Reason::kNone;
};

ByteChain bytes(std::string text) {
  ByteChain out;
  out.emplace_back(std::move(text));
  return out;
}

std::string pattern(std::size_t size) {
  std::string out;
  while (out.size() < size) out += std::to_string(out.size()) + ",";
  out.resize(size);
  return out;
}

TEST_CASE("sim network: bytes arrive whole and in order, in many pieces") {
  Pair pair;
  REQUIRE(pair.connected);
  std::string text = pattern(200'000);
  ByteChain chain = bytes(text.substr(0, 100'000));
  chain.emplace_back(text.substr(100'000));
  pair.client.stream->write(std::move(chain));
  CHECK(pair.client.stream->queued_bytes() == 200'000);
  pair.server.stream->write(bytes("hello"));
  pair.run();
  CHECK(pair.server.data == text);
  CHECK(pair.server.chunks > 10);
  CHECK(pair.client.data == "hello");
  CHECK(pair.client.drained == 1);
  CHECK(pair.client.stream->queued_bytes() == 0);
  CHECK(pair.client.stream->peer().address == pair.listener->address());
  CHECK(pair.server.stream->peer().loopback);
}

TEST_CASE("sim network: a reader that pauses makes the writer wait") {
  Pair pair;
  pair.server.stream->pause_reading(true);
  pair.client.stream->write(bytes(pattern(300'000)));
  pair.run();
  CHECK(pair.server.data.empty());
  CHECK(pair.client.stream->queued_bytes() == 300'000 - pair.world.network().options().window_bytes);
  CHECK(pair.client.drained == 0);
  pair.server.stream->pause_reading(false);
  pair.run();
  CHECK(pair.server.data == pattern(300'000));
  CHECK(pair.client.drained == 1);
}

TEST_CASE("sim network: a stream that is not started keeps what arrives") {
  Pair pair;
  pair.server.stream->start(nullptr);
  pair.client.stream->write(bytes("early"));
  pair.run();
  CHECK(pair.server.data.empty());
  Recorder second;
  second.attach(std::move(pair.server.stream));
  pair.run();
  CHECK(second.data == "early");
}

TEST_CASE("sim network: half close, then full close") {
  Pair pair;
  pair.client.stream->write(bytes("request"));
  pair.client.stream->shutdown_write();
  pair.client.stream->write(bytes("dropped"));
  pair.run();
  CHECK(pair.server.data == "request");
  CHECK(pair.server.read_closed == 1);
  CHECK(pair.server.closed == 0);
  pair.server.stream->write(bytes("answer"));
  pair.server.stream->shutdown_write();
  pair.run();
  CHECK(pair.client.data == "answer");
  CHECK(pair.client.read_closed == 1);
  CHECK(pair.client.closed == 1);
  CHECK(pair.server.closed == 1);
  CHECK(pair.world.network().open_connections() == 0);
}

TEST_CASE("sim network: close is told later and the peer sees the end; writing to it resets") {
  Pair pair;
  pair.client.stream->close();
  CHECK(pair.client.closed == 0);
  pair.run();
  CHECK(pair.client.closed == 1);
  CHECK(pair.server.read_closed == 1);
  CHECK(pair.server.closed == 0);
  pair.server.stream->write(bytes("x"));
  pair.run();
  CHECK(pair.server.closed == 1);
}

TEST_CASE("sim network: destroying a stream ends the connection without callbacks") {
  Pair pair;
  pair.client.stream = nullptr;
  pair.run();
  CHECK(pair.client.closed == 0);
  CHECK(pair.server.read_closed == 1);
}

TEST_CASE("sim network: a stream may be destroyed inside its callback") {
  struct Destroyer final : StreamEvents {
    std::unique_ptr<Stream> stream;
    int calls = 0;
    void on_data(std::string_view) override {
      ++calls;
      stream = nullptr;
    }
    void on_closed() override { ++calls; }
  };
  Pair pair;
  Destroyer destroyer;
  destroyer.stream = std::move(pair.server.stream);
  destroyer.stream->start(&destroyer);
  pair.client.stream->write(bytes(pattern(100'000)));
  pair.run();
  CHECK(destroyer.calls == 1);
}

TEST_CASE("sim network: refused, in use, closed listeners") {
  Pair pair;
  auto again = pair.world.network().listen(pair.server_loop, pair.listener->address(), nullptr, [](std::unique_ptr<Stream>) {});
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().reason() == Reason::kConflict);
  pair.listener->close();
  pair.connect(pair.world.network());
  CHECK_FALSE(pair.connected);
  CHECK(pair.error == Reason::kServiceUnavailable);
  auto wide = pair.world.network().listen(pair.server_loop, ":7000", nullptr, [](std::unique_ptr<Stream>) {});
  CHECK(wide.ok());
  CHECK_FALSE(pair.world.network().listen(pair.server_loop, "127.0.0.1:7000", nullptr, [](std::unique_ptr<Stream>) {}).ok());
}

TEST_CASE("sim network: a partition stalls, heals, and lets connects time out") {
  Pair pair;
  pair.world.network().partition(pair.listener->address());
  pair.client.stream->write(bytes("late"));
  pair.run();
  CHECK(pair.server.data.empty());
  pair.connect(pair.world.network());
  CHECK_FALSE(pair.connected);
  CHECK(pair.error == Reason::kTimeout);
  pair.world.network().heal(pair.listener->address());
  pair.run();
  CHECK(pair.server.data == "late");
}

TEST_CASE("sim network: an end inside a partition arrives when it heals") {
  Pair pair;
  pair.world.network().partition(pair.listener->address());
  pair.client.stream->close();
  pair.run();
  CHECK(pair.server.read_closed == 0);
  pair.world.network().heal(pair.listener->address());
  pair.run();
  CHECK(pair.server.read_closed == 1);
}

TEST_CASE("sim network: resets kill both sides") {
  Pair pair;
  pair.world.network().reset_connections(pair.listener->address());
  pair.run();
  CHECK(pair.client.closed == 1);
  CHECK(pair.server.closed == 1);
  CHECK(pair.client.read_closed == 0);

  Pair unlucky;
  unlucky.world.network().options().resets_per_million = 1'000'000;
  unlucky.client.stream->write(bytes("x"));
  unlucky.run();
  CHECK(unlucky.server.data.empty());
  CHECK(unlucky.client.closed == 1);
}

TEST_CASE("sim network: the server sees the identity that the client was given") {
  Pair pair;
  PeerInfo identity;
  identity.alpn = "h2";
  identity.certificate = {true, "admin", {"system:masters"}, "1"};
  auto network = pair.world.network().as(identity);
  pair.connect(*network);
  REQUIRE(pair.connected);
  CHECK(pair.server.stream->peer().certificate.common_name == "admin");
  CHECK(pair.server.stream->peer().alpn == "h2");
  CHECK(pair.client.stream->peer().alpn == "h2");
}

std::string trace(std::uint64_t seed) {
  Pair pair(seed);
  for (int i = 0; i < 20; ++i) {
    pair.client.stream->write(bytes(pattern(static_cast<std::size_t>(i) * 1000)));
    CHECK(pair.world.run_for(std::chrono::microseconds(300)));
  }
  pair.run();
  return std::to_string(pair.server.chunks) + " " + std::to_string(pair.world.scheduler().tasks_run());
}

TEST_CASE("sim network: the seed decides everything") {
  CHECK(trace(5) == trace(5));
  CHECK(trace(5) != trace(6));
}

}  // namespace
}  // namespace plinth::world_sim
