#include "world_real/real_network.h"

#include <filesystem>
#include <optional>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world_real/socket_address.h"
#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::world_real {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);

struct Peer final : StreamEvents {
  explicit Peer(std::unique_ptr<Stream> s) : stream(std::move(s)) { stream->start(this); }
  void on_data(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes();
  }
  void on_drained() override { ++drained; }
  void on_read_closed() override { read_closed = true; }
  void on_closed() override { closed = true; }
  void send(std::string text) { stream->write({SharedBytes(std::move(text))}); }

  std::unique_ptr<Stream> stream;
  std::string received;
  std::function<void()> on_bytes;
  int drained = 0;
  bool read_closed = false;
  bool closed = false;
};

struct Pair {
  Pair() {
    loop = std::move(EpollLoop::create()).value();
    listener = network
                   .listen(*loop, "127.0.0.1:0", nullptr,
                           [this](std::unique_ptr<Stream> s) { server = std::make_unique<Peer>(std::move(s)); })
                   .value();
    network.connect(*loop, listener->address(), nullptr, "", kTimeout, [this](Result<std::unique_ptr<Stream>> s) {
      REQUIRE(s.ok());
      client = std::make_unique<Peer>(std::move(s).value());
    });
    REQUIRE(until([this] { return client && server; }));
  }
  template <typename Condition>
  bool until(Condition condition) {
    return poll_until(*loop, condition);
  }
  ThreadPool pool{1, 16};
  RealNetwork network{pool};
  std::unique_ptr<EpollLoop> loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Peer> server, client;
};

TEST_CASE("addresses") {
  struct Row {
    const char* text;
    const char* host;  // nullptr: refused
    const char* port;
  };
  for (const Row& row : {Row{"127.0.0.1:80", "127.0.0.1", "80"}, Row{"[::1]:0", "::1", "0"}, Row{":6443", "", "6443"},
                         Row{"localhost:65535", "localhost", "65535"}, Row{"::1:80", nullptr, ""}, Row{"host", nullptr, ""},
                         Row{"host:", nullptr, ""}, Row{"host:65536", nullptr, ""}, Row{"host:http", nullptr, ""},
                         Row{"host:-1", nullptr, ""}}) {
    CAPTURE(row.text);
    auto split = split_host_port(row.text);
    REQUIRE(split.ok() == (row.host != nullptr));
    if (!split.ok()) {
      CHECK(split.error().reason() == Reason::kBadRequest);
      continue;
    }
    CHECK(split->host == row.host);
    CHECK(split->port == row.port);
  }
}

TEST_CASE("bytes go both ways, half-close is told, then both ends close") {
  Pair pair;
  CHECK(pair.server->stream->peer().loopback);
  CHECK(pair.server->stream->peer().address.starts_with("127.0.0.1:"));
  pair.client->send("ping");
  CHECK(pair.until([&] { return pair.server->received == "ping"; }));
  pair.client->stream->shutdown_write();
  pair.client->send("dropped after the end");
  CHECK(pair.until([&] { return pair.server->read_closed; }));
  CHECK_FALSE(pair.server->closed);
  pair.server->send("answer to a half-closed peer");
  pair.server->stream->shutdown_write();
  CHECK(pair.until([&] { return pair.client->closed && pair.server->closed; }));
  CHECK(pair.client->received == "answer to a half-closed peer");
  CHECK(pair.server->received == "ping");
}

TEST_CASE("a slow reader: bytes queue, the writer is told when they are gone, nothing is lost or reordered") {
  Pair pair;
  pair.client->stream->pause_reading(true);
  std::string sent;
  int block = 0;
  while (pair.server->stream->queued_bytes() == 0) {
    const std::string text(100'000, static_cast<char>('a' + block++ % 26));
    sent += text;
    ByteChain chain;
    for (std::size_t i = 0; i < text.size(); i += 1000) chain.push_back(SharedBytes(text.substr(i, 1000)));
    pair.server->stream->write(std::move(chain));
    REQUIRE(block < 1000);
  }
  pair.loop->poll(Duration(0));
  CHECK(pair.server->drained == 0);
  CHECK(pair.server->stream->queued_bytes() > 0);
  pair.server->stream->shutdown_write();
  pair.client->stream->pause_reading(false);
  CHECK(pair.until([&] { return pair.client->read_closed; }));
  CHECK(pair.client->received == sent);
  CHECK(pair.server->drained == 1);
  CHECK(pair.server->stream->queued_bytes() == 0);
}

TEST_CASE("a stream may be destroyed or closed inside its own callbacks") {
  SUBCASE("destroyed in on_data") {
    Pair pair;
    pair.server->on_bytes = [&] { pair.server.reset(); };
    pair.client->send(std::string(300'000, 'x'));
    CHECK(pair.until([&] { return pair.client->closed || pair.client->read_closed; }));
  }
  SUBCASE("closed in on_data: on_closed comes after") {
    Pair pair;
    pair.server->on_bytes = [&] {
      pair.server->stream->close();
      CHECK_FALSE(pair.server->closed);
    };
    pair.client->send("x");
    CHECK(pair.until([&] { return pair.server->closed; }));
  }
  SUBCASE("the peer resets") {
    Pair pair;
    pair.client->send("unread");
    pair.server->stream->pause_reading(true);
    pair.server->send("unread too");
    REQUIRE(pair.until([&] { return !pair.client->received.empty(); }));
    pair.server.reset();  // with unread input: RST
    CHECK(pair.until([&] { return pair.client->closed; }));
  }
}

TEST_CASE("a parked stream keeps its bytes for the next receiver") {
  Pair pair;
  pair.server->stream->start(nullptr);
  pair.client->send("for the second owner");
  for (int i = 0; i < 3; ++i) pair.loop->poll(std::chrono::milliseconds(1));
  CHECK(pair.server->received.empty());
  Peer second(std::move(pair.server->stream));
  CHECK(pair.until([&] { return second.received == "for the second owner"; }));
}

TEST_CASE("a port in use is a Conflict; a closed port refuses; no answer times out") {
  Pair pair;
  auto taken = pair.network.listen(*pair.loop, pair.listener->address(), nullptr, [](std::unique_ptr<Stream>) {});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().reason() == Reason::kConflict);
  CHECK(taken.error().message().find(pair.listener->address()) != std::string::npos);

  const std::string address = pair.listener->address();
  pair.listener->close();
  std::optional<Reason> reason;
  auto record = [&](Result<std::unique_ptr<Stream>> s) { reason = s.ok() ? Reason::kNone : s.error().reason(); };
  pair.network.connect(*pair.loop, address, nullptr, "", kTimeout, record);
  CHECK(pair.until([&] { return reason.has_value(); }));
  CHECK(reason == Reason::kServiceUnavailable);

  reason.reset();
  pair.network.connect(*pair.loop, "no port", nullptr, "", kTimeout, record);
  CHECK(pair.until([&] { return reason.has_value(); }));
  CHECK(reason == Reason::kBadRequest);
}

TEST_CASE("names are looked up off the loop") {
  Pair pair;
  const std::string port = pair.listener->address().substr(pair.listener->address().rfind(':'));
  bool connected = false;
  std::unique_ptr<Stream> kept;
  pair.network.connect(*pair.loop, "localhost" + port, nullptr, "", kTimeout, [&](Result<std::unique_ptr<Stream>> s) {
    connected = s.ok();
    if (s.ok()) kept = std::move(s).value();
  });
  CHECK(pair.until([&] { return connected; }));
}

TEST_CASE("one port, two loops: connections are dealt in turn and served on their loop") {
  ThreadPool pool(1, 16);
  RealNetwork network(pool);
  auto first = std::move(EpollLoop::create()).value();
  auto second = std::move(EpollLoop::create()).value();
  Loop* const loops[] = {first.get(), second.get()};
  std::atomic<int> on_first{0};
  std::atomic<int> on_second{0};
  std::vector<std::unique_ptr<Stream>> served_on_second;  // taken apart by this thread, once that loop has ended
  auto listener = network.listen_shared(loops, "127.0.0.1:0", nullptr, [&](std::unique_ptr<Stream> s) {
    CHECK(s->loop().in_loop());
    if (&s->loop() == first.get()) {
      ++on_first;
    } else {
      served_on_second.push_back(std::move(s));
      ++on_second;
    }
  });
  REQUIRE(listener.ok());
  std::thread thread([&] { second->run(); });
  std::vector<std::unique_ptr<Stream>> kept;
  for (int i = 0; i < 6; ++i) {
    network.connect(*first, (*listener)->address(), nullptr, "", kTimeout,
                    [&](Result<std::unique_ptr<Stream>> s) { kept.push_back(std::move(s).value()); });
  }
  CHECK(poll_until(*first, [&] { return on_first == 3 && on_second == 3 && kept.size() == 6; }));
  second->stop();
  thread.join();
}

TEST_CASE("a plain network refuses TLS contexts") {
  Pair pair;
  auto context = std::shared_ptr<TlsServerContext>(reinterpret_cast<TlsServerContext*>(&pair), [](TlsServerContext*) {});
  CHECK_FALSE(pair.network.listen(*pair.loop, "127.0.0.1:0", context, [](std::unique_ptr<Stream>) {}).ok());
}

struct SocketFolder {
  SocketFolder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~SocketFolder() { std::filesystem::remove_all(path); }
  std::string address() const { return std::string("unix:") + path + "/s"; }
  char path[32] = "/tmp/plinth-sock-XXXXXX";
};

TEST_CASE("a local socket: taken, left behind, gone when closed") {
  const SocketFolder folder;
  ThreadPool pool(1, 16);
  RealNetwork network(pool);
  auto loop = std::move(EpollLoop::create()).value();
  std::unique_ptr<Peer> server, client;
  auto accept = [&](std::unique_ptr<Stream> s) { server = std::make_unique<Peer>(std::move(s)); };
  auto listener = network.listen(*loop, folder.address(), nullptr, accept).value();
  CHECK(listener->address() == folder.address());
  struct stat found {};
  REQUIRE(stat((std::string(folder.path) + "/s").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(network.listen(*loop, folder.address(), nullptr, accept).error().reason() == Reason::kConflict);
  network.connect(*loop, folder.address(), nullptr, "", kTimeout,
                  [&](Result<std::unique_ptr<Stream>> s) { client = std::make_unique<Peer>(std::move(s).value()); });
  REQUIRE(poll_until(*loop, [&] { return client && server; }));
  CHECK(server->stream->peer().loopback);
  client->send("over a file");
  REQUIRE(poll_until(*loop, [&] { return server->received == "over a file"; }));
  listener.reset();
  CHECK(!std::filesystem::exists(std::string(folder.path) + "/s"));

  // What a killed process leaves behind is replaced.
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  const SocketAddress address = unix_address(folder.address()).value();
  REQUIRE(bind(dead, address.get(), address.length) == 0);
  close(dead);
  CHECK(network.listen(*loop, folder.address(), nullptr, accept).ok());
}

TEST_CASE("local sockets that cannot be") {
  const SocketFolder folder;
  ThreadPool pool(1, 16);
  RealNetwork network(pool);
  auto loop = std::move(EpollLoop::create()).value();
  struct Row {
    std::string address;
    Reason reason;
  };
  for (const Row& row :
       {Row{"unix:", Reason::kBadRequest}, Row{"unix:relative", Reason::kBadRequest},
        Row{"unix:/" + std::string(107, 'x'), Reason::kBadRequest}, Row{folder.address(), Reason::kNotFound}}) {
    CAPTURE(row.address);
    std::optional<Reason> told;
    network.connect(*loop, row.address, nullptr, "", kTimeout,
                    [&](Result<std::unique_ptr<Stream>> s) { told = s.ok() ? Reason::kNone : s.error().reason(); });
    REQUIRE(poll_until(*loop, [&] { return told.has_value(); }));
    CHECK((*told == row.reason));
  }
}

}  // namespace
}  // namespace plinth::world_real
