// What a client of exec and attach says, over SPDY and over WebSockets, and what it is told: as a process sees it.
#include <vector>

#include <doctest/doctest.h>

#include "base/base64.h"
#include "net/spdy_session.h"
#include "net/websocket_connection.h"
#include "server/streams/spdy_process.h"
#include "server/streams/websocket_process.h"
#include "world_sim/sim_world.h"

namespace plinth::server {
namespace {

constexpr Duration kLimit = std::chrono::minutes(2);  // of virtual time

// What the process would be told, as text.
struct Told final : ProcessClientEvents {
  void on_ready() override { text += "ready\n"; }
  void on_input(std::string_view bytes) override {
    input += bytes;
    if (on_bytes) on_bytes();
  }
  void on_input_end() override { text += "end of " + std::to_string(input.size()) + "\n"; }
  void on_resize(std::uint16_t width, std::uint16_t height) override {
    text += std::to_string(width) + "x" + std::to_string(height) + "\n";
  }
  void on_drained() override { ++drained; }
  void on_gone() override { text += "gone\n"; }
  std::function<void()> on_bytes;
  std::string text, input;
  int drained = 0;
};

// What one side of a connection reads.
struct Ear final : StreamEvents {
  void on_data(std::string_view bytes) override { text += bytes; }
  void on_read_closed() override { ended = true; }
  void on_closed() override { ended = closed = true; }
  std::string text;
  bool ended = false, closed = false;
};

struct Wire {
  Wire() {
    auto listener =
        world.network().listen(server_loop, "127.0.0.1:0", nullptr, [&](std::unique_ptr<Stream> s) { server = std::move(s); });
    REQUIRE(listener.ok());
    world.network().connect(client_loop, (*listener)->address(), nullptr, "", std::chrono::seconds(1),
                            [&](Result<std::unique_ptr<Stream>> s) {
                              REQUIRE(s.ok());
                              client = std::move(*s);
                            });
    REQUIRE(world.run_until([&] { return server && client; }, kLimit));
  }
  bool until(const std::function<bool()>& done) { return world.run_until(done, kLimit); }
  // Whatever is under way arrives.
  void settle() { world.run_for(std::chrono::milliseconds(100)); }

  world_sim::SimWorld world{7};
  world_sim::SimLoop& server_loop = world.new_loop("server");
  world_sim::SimLoop& client_loop = world.new_loop("client");
  std::unique_ptr<Stream> server, client;
};

struct SpdyClient final : net::SpdySessionEvents {
  explicit SpdyClient(Wire& wire)
      : session(net::SpdySession::make(std::move(wire.client), "", net::SpdySession::Side::kClient)) {
    session->start(this);
  }
  ~SpdyClient() override { session->close(); }
  void on_stream(std::unique_ptr<net::SpdyStream>) override {}
  void on_gone() override { gone = true; }
  // As clients' libraries spell it.
  std::unique_ptr<net::SpdyStream> open(const std::string& type, Ear& ear) {
    auto stream = session->open_stream({{"streamtype", type}});
    stream->start(&ear);
    return stream;
  }
  std::shared_ptr<net::SpdySession> session;
  bool gone = false;
};

void say(Stream& stream, std::string text) { stream.write({SharedBytes(std::move(text))}); }

}  // namespace

TEST_CASE("spdy: input, output, sizes and the end, each on its stream") {
  Wire wire;
  Told told;
  auto process =
      make_spdy_process(net::SpdySession::make(std::move(wire.server), ""), "v4.channel.k8s.io", {true, true, true, true});
  process->start(&told);
  SpdyClient client(wire);
  Ear end, in, out, err, size, unknown, again;
  auto end_stream = client.open("error", end);
  auto in_stream = client.open("stdin", in);
  auto unknown_stream = client.open("telegraph", unknown);
  auto again_stream = client.open("stdin", again);
  auto out_stream = client.open("stdout", out);
  auto err_stream = client.open("stderr", err);
  wire.settle();
  CHECK(told.text.empty());  // one is missing
  CHECK(unknown.closed);
  CHECK(again.closed);
  auto size_stream = client.open("resize", size);
  REQUIRE(wire.until([&] { return told.text == "ready\n"; }));

  for (const char* piece :
       {"{\"Width\":80,", "\"Height\":24}{\"Wid", "th\":120,\"Height\":70000}{\"Width\":120,\"Height\":40}"})
    say(*size_stream, piece);
  REQUIRE(wire.until([&] { return told.text.ends_with("120x40\n"); }));
  CHECK(told.text == "ready\n80x24\n120x40\n");
  const std::string much(300'000, 'i');
  say(*in_stream, much);
  in_stream->shutdown_write();
  REQUIRE(wire.until([&] { return told.text.ends_with("end of 300000\n"); }));
  CHECK(told.input == much);

  process->write_output(SharedBytes(std::string(100'000, 'o')));
  process->write_error_output(SharedBytes(std::string("e")));
  REQUIRE(wire.until([&] { return told.drained > 0 && out.text.size() == 100'000 && err.text == "e"; }));
  CHECK(!out.ended);
  process->finish(7);
  process.reset();
  REQUIRE(wire.until([&] { return out.ended && err.ended && end.ended; }));
  CHECK(end.text == process_end_status(7));
  CHECK(told.text.find("gone") == std::string::npos);
}

TEST_CASE("spdy: what older protocols say at the end; no size where there is none") {
  for (const auto& [version, text] : {std::pair("v5.channel.k8s.io", process_end_status(3)),
                                      {"v3.channel.k8s.io", process_end_text(3)},
                                      {"v2.channel.k8s.io", process_end_text(3)},
                                      {"channel.k8s.io", process_end_text(3)}}) {
    const auto& shown = version;
    CAPTURE(shown);
    Wire wire;
    Told told;
    auto process = make_spdy_process(net::SpdySession::make(std::move(wire.server), ""), version, {false, true, false, true});
    process->start(&told);
    SpdyClient client(wire);
    Ear end, out, size;
    auto end_stream = client.open("error", end);
    auto out_stream = client.open("stdout", out);
    const bool resizes = std::string_view(version).starts_with("v5") || std::string_view(version).starts_with("v3");
    auto size_stream = client.open("resize", size);
    REQUIRE(wire.until([&] { return told.text == "ready\n"; }));
    wire.settle();
    CHECK(size.closed != resizes);
    process->finish(3);
    REQUIRE(wire.until([&] { return end.ended; }));
    CHECK(end.text == text);
  }
}

TEST_CASE("spdy: a client that leaves, and one that never opens what it asked for") {
  for (const bool leaves : {true, false}) {
    CAPTURE(leaves);
    Wire wire;
    Told told;
    auto process =
        make_spdy_process(net::SpdySession::make(std::move(wire.server), ""), "v4.channel.k8s.io", {false, true, true, false});
    process->start(&told);
    auto client = std::make_unique<SpdyClient>(wire);
    Ear end, out, err;
    auto end_stream = client->open("error", end);
    auto out_stream = client->open("stdout", out);
    std::unique_ptr<net::SpdyStream> err_stream;
    if (leaves) {
      err_stream = client->open("stderr", err);
      REQUIRE(wire.until([&] { return told.text == "ready\n"; }));
      client->session->close();
    }
    REQUIRE(wire.until([&] { return told.text.ends_with("gone\n"); }));
    CHECK(told.text == (leaves ? "ready\ngone\n" : "gone\n"));
    process.reset();
    wire.settle();
    CHECK(told.text == (leaves ? "ready\ngone\n" : "gone\n"));
    CHECK((leaves || out.closed));
    for (auto* stream : {&end_stream, &out_stream, &err_stream}) stream->reset();
  }
}

TEST_CASE("spdy: input that the process does not read stays with the client") {
  Wire wire;
  Told told;
  auto process =
      make_spdy_process(net::SpdySession::make(std::move(wire.server), ""), "v4.channel.k8s.io", {true, false, false, false});
  process->start(&told);
  SpdyClient client(wire);
  Ear end, in;
  auto end_stream = client.open("error", end);
  auto in_stream = client.open("stdin", in);
  REQUIRE(wire.until([&] { return told.text == "ready\n"; }));
  process->pause_input(true);
  constexpr std::size_t kAll = 8 << 20;
  say(*in_stream, std::string(kAll, 'x'));
  in_stream->shutdown_write();
  wire.world.run_for(std::chrono::seconds(5));
  CHECK(told.input.empty());
  CHECK(client.session->queued_bytes() > kAll - 2 * net::SpdySession::kUnreadBytesMax);
  process->pause_input(false);
  REQUIRE(wire.until([&] { return told.text.ends_with("end of 8388608\n"); }));
}

namespace {

// A frame of a client: masked.
std::string masked(unsigned first, std::string_view payload) {
  std::string out{static_cast<char>(first)};
  if (payload.size() < 126)
    out += static_cast<char>(0x80 | payload.size());
  else
    out += {static_cast<char>(0x80 | 126), static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xFF)};
  constexpr std::string_view kMask = "\x11\x22\x33\x44";
  out += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

// "CHANNEL:payload|" of each message that a server sent.
std::string messages(std::string_view bytes, bool base64) {
  std::string out;
  while (bytes.size() >= 2) {
    std::size_t size = static_cast<unsigned char>(bytes[1]), head = 2;
    if (size == 126) {
      size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8 | static_cast<unsigned char>(bytes[3]);
      head = 4;
    }
    const bool close = (bytes[0] & 0x0F) == 8;
    const std::string_view payload = bytes.substr(head, size);
    if (close)
      out += "close|";
    else if (base64)
      out += std::string(1, payload[0]) + ":" + base64_decode(payload.substr(1)).value_or("?") + "|";
    else
      out += std::to_string(static_cast<int>(payload[0])) + ":" + std::string(payload.substr(1)) + "|";
    bytes.remove_prefix(head + size);
  }
  return out;
}

}  // namespace

TEST_CASE("websocket: channels of every protocol") {
  for (const std::string_view name : channel_subprotocols()) {
    CAPTURE(name);
    const bool base64 = name.find("base64") != std::string_view::npos, v5 = name.starts_with("v5"),
               status = v5 || name.starts_with("v4");
    const auto message = [&](int channel, const std::string& text) {
      return base64 ? masked(0x81, std::to_string(channel) + base64_encode(text))
                    : masked(0x82, std::string(1, static_cast<char>(channel)) + text);
    };
    Wire wire;
    Told told;
    auto process = make_websocket_process(net::WebSocketConnection::make(std::move(wire.server), message(0, "early ")),
                                          channel_protocol(name), {true, true, true, true});
    process->start(&told);
    Ear ear;
    wire.client->start(&ear);
    REQUIRE(wire.until([&] { return told.text == "ready\n" && told.input == "early "; }));
    say(*wire.client,
        message(0, "one ") + message(4, R"({"Width":80,"Height":24})") + message(4, "no size") + message(0, "two"));
    say(*wire.client, message(9, "nobody's"));
    REQUIRE(wire.until([&] { return told.input == "early one two"; }));
    CHECK(told.text == "ready\n80x24\n");
    if (!base64)
      say(*wire.client,
          masked(0x02, std::string("\0a", 2)) + masked(0x00, "b") + masked(0x80, "c"));  // one message in three frames
    if (!base64) REQUIRE(wire.until([&] { return told.input.ends_with("abc"); }));
    const std::size_t before = told.input.size();
    if (!base64) say(*wire.client, masked(0x82, std::string("\xFF\0", 2)) + masked(0x82, std::string("\xFF\0", 2)));
    say(*wire.client, message(0, "after"));
    wire.settle();
    CHECK(told.input.size() == before + (v5 ? 0 : 5));
    CHECK((told.text.find("end of " + std::to_string(before) + "\n") != std::string::npos) == v5);

    process->write_output(SharedBytes(std::string(300, 'o')));
    process->write_error_output(SharedBytes(std::string("e")));
    process->finish(5);
    process.reset();
    REQUIRE(wire.until([&] { return ear.text.find(std::string("\x88\x02\x03\xE8", 4)) != std::string::npos; }));
    CHECK(messages(ear.text, base64) ==
          "1:|1:" + std::string(300, 'o') + "|2:e|3:" + (status ? process_end_status(5) : process_end_text(5)) + "|close|");
    CHECK(told.text.find("gone") == std::string::npos);
  }
}

TEST_CASE("websocket: a client that leaves, or breaks the rules") {
  for (const std::string& last : {masked(0x88, "\x03\xE8"), std::string("\x82\x01x"), masked(0x81, "0no base64!")}) {
    CAPTURE(last);
    Wire wire;
    Told told;
    auto process = make_websocket_process(net::WebSocketConnection::make(std::move(wire.server), ""),
                                          channel_protocol("base64.channel.k8s.io"), {true, true, false, false});
    process->start(&told);
    Ear ear;
    wire.client->start(&ear);
    REQUIRE(wire.until([&] { return told.text == "ready\n"; }));
    say(*wire.client, last);
    REQUIRE(wire.until([&] { return told.text == "ready\ngone\n"; }));
    process.reset();
    REQUIRE(wire.until([&] { return ear.ended || !ear.text.empty(); }));
  }
}

TEST_CASE("websocket: nothing is said of streams that were not asked for") {
  Wire wire;
  Told told;
  auto process = make_websocket_process(net::WebSocketConnection::make(std::move(wire.server), ""),
                                        channel_protocol("v5.channel.k8s.io"), {false, false, true, false});
  process->start(&told);
  Ear ear;
  wire.client->start(&ear);
  REQUIRE(wire.until([&] { return told.text == "ready\n"; }));
  say(*wire.client, masked(0x82, std::string("\0input", 6)));
  process->write_output(SharedBytes(std::string("o")));
  process->write_error_output(SharedBytes(std::string("e")));
  wire.settle();
  process->finish(0);
  REQUIRE(wire.until([&] { return ear.text.find(std::string("\x88\x02\x03\xE8", 4)) != std::string::npos; }));
  CHECK(told.input.empty());
  CHECK(messages(ear.text, false) == "2:|2:e|3:" + process_end_status(0) + "|close|");
}

}  // namespace plinth::server
