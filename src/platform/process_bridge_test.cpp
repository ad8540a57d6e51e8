// A client on one loop, a process on another: what passes between them, what stops when one side does not take it, and what is
// left when one of them goes.
#include "platform/process_bridge.h"

#include <doctest/doctest.h>

#include "net/http.h"
#include "net/spdy_session.h"
#include "platform/node_host.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

struct Ear final : StreamEvents {
  void on_data(std::string_view bytes) override { text += bytes; }
  void on_read_closed() override { ended = true; }
  void on_closed() override { ended = true; }
  std::string text;
  bool ended = false;
};

struct Idle final : LiveStream {
  void drop() override {}
};

// A pod on a virtual node, and a server on a loop of its own that hands every request to the bridge, as `query` says.
struct Bench {
  Bench() {
    platform.make_node = sim_node({});
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(2));
    REQUIRE(platform
                .call("POST", "/api/v1/namespaces/default/pods",
                      R"({"metadata":{"name":"p"},"spec":{"nodeName":"sim","containers":[{"name":"c","image":"app:1"}]}})")
                .status == 201);
    platform.settle(std::chrono::seconds(3));
    query.name_space = "default";
    query.pod = "p";
    query.container = "c";
    query.streams = {true, true, true, false};
    server = net::make_http_server(
        io, platform.world().clock(), {},
        [this](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
          server::RequestInfo info;
          info.subresource = query.attach ? "attach" : "exec";
          serve_process(
              platform.control().node()->agent(), *live, query,
              std::make_shared<server::Exchange>(std::move(request), std::move(info), nullptr, std::move(responder), ""));
        },
        [](const Error& error) { return error.message(); });
    auto listening = platform.world().network().listen(
        io, "127.0.0.1:0", nullptr, [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); });
    REQUIRE(listening.ok());
    listener = std::move(*listening);
  }
  bool until(const std::function<bool()>& done) { return platform.world().run_until(done, std::chrono::minutes(5)); }
  void settle() { platform.world().run_for(std::chrono::seconds(1)); }

  SimPlatform platform{17};
  Loop& io = platform.world().new_loop("io");
  Loop& outside = platform.world().new_loop("client");
  server::PodProcessQuery query;
  std::unique_ptr<LiveStreams> live = std::make_unique<LiveStreams>();
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Listener> listener;
};

// As kubectl: asks for SPDY, and opens its streams once the server has agreed.
struct Client final : net::SpdySessionEvents {
  explicit Client(Bench& on) : bench(on) {
    bench.platform.world().network().connect(bench.outside, bench.listener->address(), nullptr, "", std::chrono::seconds(10),
                                             [this](Result<std::unique_ptr<Stream>> made) {
                                               REQUIRE(made.ok());
                                               connection = std::move(*made);
                                             });
    REQUIRE(bench.until([&] { return connection != nullptr; }));
    connection->start(&head);
    connection->write(
        {SharedBytes(std::string("POST /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                                 "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n"))});
    REQUIRE(bench.until([&] { return head.text.find("\r\n\r\n") != std::string::npos; }));
  }
  ~Client() override {
    if (session) session->close();
  }
  void open() {
    REQUIRE_MESSAGE(head.text.rfind("HTTP/1.1 101", 0) == 0, head.text);
    session = net::SpdySession::make(std::move(connection), "", net::SpdySession::Side::kClient);
    session->start(this);
    open_one(outcome_stream, outcome, "error");
    open_one(input, ignored, "stdin");
    open_one(output_stream, output, "stdout");
    open_one(error_stream, error_output, "stderr");
  }
  void open_one(std::unique_ptr<net::SpdyStream>& stream, Ear& ear, const char* type) {
    stream = session->open_stream({{"streamtype", type}});
    stream->start(&ear);
  }
  void say(std::string text) { input->write({SharedBytes(std::move(text))}); }
  void on_stream(std::unique_ptr<net::SpdyStream>) override {}
  void on_gone() override { gone = true; }

  Bench& bench;
  Ear head, outcome, ignored, output, error_output;
  std::unique_ptr<Stream> connection;
  std::shared_ptr<net::SpdySession> session;
  std::unique_ptr<net::SpdyStream> outcome_stream, input, output_stream, error_stream;
  bool gone = false;
};

}  // namespace

TEST_CASE("a process's output, its error output and its end reach the client") {
  Bench bench;
  bench.query.command = {"sh", "-c", "echo out; sleep 1; echo err >&2; exit 3"};
  Client client(bench);
  client.open();
  REQUIRE(bench.until([&] { return client.outcome.ended; }));
  CHECK(client.output.text == "out\n");
  CHECK(client.error_output.text == "err\n");
  CHECK(client.outcome.text.find(R"("reason":"ExitCode","message":"3")") != std::string::npos);
  CHECK(bench.live->size() == 0);
}

TEST_CASE("input reaches a process that was not there yet, and so does its end") {
  Bench bench;
  bench.query.command = {"cat"};
  Client client(bench);
  client.open();
  client.say("early ");
  client.say("words");
  client.input->shutdown_write();
  REQUIRE(bench.until([&] { return client.outcome.ended; }));
  CHECK(client.output.text == "early words");
  CHECK(client.outcome.text.find("Success") != std::string::npos);
}

TEST_CASE("whoever does not read stops the other side, and loses nothing") {
  Bench bench;
  bench.query.command = {"cat"};
  Client client(bench);
  client.open();
  client.output_stream->pause_reading(true);
  constexpr std::size_t kMuch = 16 << 20;
  std::string much(kMuch, 'a');
  for (std::size_t i = 0; i < much.size(); i += 1000) much[i] = static_cast<char>('b' + i / 1000 % 20);
  client.say(much);
  client.input->shutdown_write();
  bench.settle();
  CHECK(client.session->queued_bytes() > 0);  // the process is paused, and the client with it
  CHECK(!client.outcome.ended);
  client.output_stream->pause_reading(false);
  REQUIRE(bench.until([&] { return client.outcome.ended && client.output.ended; }));
  CHECK(client.output.text.size() == kMuch);
  CHECK(client.output.text == much);
  CHECK(bench.live->size() == 0);
}

TEST_CASE("what is left when one side goes") {
  Bench bench;
  bench.query.command = {"sh", "-c", "echo there; sleep 100000"};
  SUBCASE("the client") {
    auto client = std::make_unique<Client>(bench);
    client->open();
    REQUIRE(bench.until([&] { return client->output.text == "there\n"; }));
    CHECK(bench.live->size() == 1);
    client.reset();
    CHECK(bench.until([&] { return bench.live->size() == 0; }));
  }
  SUBCASE("the client, before the process was there") {
    auto client = std::make_unique<Client>(bench);
    client->open();
    client.reset();
    bench.settle();
    CHECK(bench.live->size() == 0);
  }
  SUBCASE("the server") {
    Client client(bench);
    client.open();
    REQUIRE(bench.until([&] { return client.output.text == "there\n"; }));
    bench.live.reset();
    CHECK(bench.until([&] { return client.gone; }));
  }
}

TEST_CASE("what cannot begin is answered") {
  Bench bench;
  bench.query.command = {"true"};
  SUBCASE("a container that is not there") {
    bench.query.container = "other";
    Client client(bench);
    CHECK(client.head.text.rfind("HTTP/1.1 4", 0) == 0);
    CHECK(bench.live->size() == 0);
  }
  SUBCASE("a command that cannot be run") {
    bench.query.command = {"/no/such/command"};
    Client client(bench);
    client.open();
    REQUIRE(bench.until([&] { return client.outcome.ended; }));
    CHECK(client.outcome.text.find("error executing command in container: ") != std::string::npos);
    CHECK(client.outcome.text.find("/no/such/command") != std::string::npos);
    CHECK(bench.live->size() == 0);
  }
  SUBCASE("one more than there may be") {
    for (std::size_t i = 0; i < LiveStreams::kMax; ++i) REQUIRE(bench.live->add(std::make_shared<Idle>()));
    Client client(bench);
    CHECK(client.head.text.rfind("HTTP/1.1 429", 0) == 0);
    CHECK(bench.live->size() == LiveStreams::kMax);
  }
}

}  // namespace plinth::platform
