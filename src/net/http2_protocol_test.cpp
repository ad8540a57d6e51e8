// Frames by hand: what RFC 9113 (and 9218) asks of a server, row by row.
#include <doctest/doctest.h>

#include <map>

#include "net/http2_wire.h"
#include "net/http_test_world.h"
#include "net/server_connection.h"

namespace plinth::net {
namespace {

using http2::Code;

std::string frame(http2::Type type, unsigned flags, std::int32_t stream, std::string_view payload = "") {
  std::string out;
  http2::append_frame_head(out, payload.size(), type, flags, stream);
  out += payload;
  return out;
}
std::string number(std::uint32_t value) {
  std::string out;
  http2::append_u32(out, value);
  return out;
}
std::string setting(std::uint16_t id, std::uint32_t value) { return std::string{static_cast<char>(id >> 8), static_cast<char>(id)} + number(value); }
// A literal field without indexing.
std::string field(std::string_view name, std::string_view value) {
  std::string out("\0", 1);
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  out += value;
  return out;
}
const std::string kGet = field(":method", "GET") + field(":scheme", "https") + field(":path", "/") + field(":authority", "x");
const std::string kPost = field(":method", "POST") + field(":scheme", "https") + field(":path", "/") + field(":authority", "x");
constexpr unsigned kWhole = http2::kEndHeaders | http2::kEndStream;
std::string get(std::int32_t stream, std::string_view more = "") { return frame(http2::kHeaders, kWhole, stream, kGet + std::string(more)); }
std::string post(std::int32_t stream, std::string_view more = "") {
  return frame(http2::kHeaders, http2::kEndHeaders, stream, kPost + std::string(more));
}

// A client that has said its preface and settings; the server answers "waits" never and everything else at once.
struct Talk {
  explicit Talk(const std::string& frames, HttpLimits limits = {})
      : world(
            [this](HttpRequest request, std::shared_ptr<Responder> responder) {
              ++served;
              if (request.headers.has("wait")) return held.push_back(std::move(responder));
              HttpResponse response;
              response.body.push_back(SharedBytes(std::move(request.body)));
              responder->send(std::move(response));
            },
            limits),
        client(world.connect()) {
    client->send(std::string(kHttp2Preface) + frame(http2::kSettings, 0, 0) + frames + frame(http2::kPing, 0, 0, "the end."));
    world.until([this] {
      read();
      return client->ended || goaway || ponged;
    });
  }
  void read() {
    std::string_view bytes = client->received;
    resets.clear();
    statuses = 0;
    while (bytes.size() >= http2::kFrameHeadBytes) {
      const http2::FrameHead head = http2::read_frame_head(bytes);
      if (bytes.size() < http2::kFrameHeadBytes + head.length) return;
      const std::string_view payload = bytes.substr(http2::kFrameHeadBytes, head.length);
      if (head.type == http2::kRstStream) resets[head.stream_id] = http2::read_u32(payload);
      if (head.type == http2::kGoAway) goaway = http2::read_u32(payload.substr(4));
      if (head.type == http2::kPing && payload == "the end.") ponged = head.has(http2::kAck);
      if (head.type == http2::kHeaders) ++statuses;
      bytes.remove_prefix(http2::kFrameHeadBytes + head.length);
    }
  }
  int served = 0, statuses = 0;
  bool ponged = false;
  std::map<std::int32_t, std::uint32_t> resets;
  std::optional<std::uint32_t> goaway;
  std::vector<std::shared_ptr<Responder>> held;
  HttpWorld world;
  std::unique_ptr<RawClient> client;
};

struct Row {
  const char* name;
  std::string frames;
};

TEST_CASE("errors of the connection end it with a GOAWAY that says which") {
  const std::map<Code, std::vector<Row>> kTable = {
      {Code::kProtocolError,
       {{"DATA before HEADERS", frame(http2::kData, 0, 1, "x")},
        {"DATA on stream 0", frame(http2::kData, 0, 0, "x")},
        {"padding longer than the frame", post(1) + frame(http2::kData, http2::kPadded, 1, "\x05x")},
        {"HEADERS on stream 0", frame(http2::kHeaders, kWhole, 0, kGet)},
        {"HEADERS on a server's stream", frame(http2::kHeaders, kWhole, 2, kGet)},
        {"PRIORITY on stream 0", frame(http2::kPriority, 0, 0, "12345")},
        {"RST_STREAM on stream 0", frame(http2::kRstStream, 0, 0, number(8))},
        {"RST_STREAM of an idle stream", frame(http2::kRstStream, 0, 1, number(8))},
        {"SETTINGS on a stream", frame(http2::kSettings, 0, 1)},
        {"ENABLE_PUSH of 2", frame(http2::kSettings, 0, 0, setting(http2::kEnablePush, 2))},
        {"MAX_FRAME_SIZE too small", frame(http2::kSettings, 0, 0, setting(http2::kMaxFrameSize, 16'383))},
        {"MAX_FRAME_SIZE too large", frame(http2::kSettings, 0, 0, setting(http2::kMaxFrameSize, 1 << 24))},
        {"PUSH_PROMISE", frame(http2::kPushPromise, http2::kEndHeaders, 1, number(2))},
        {"PING on a stream", frame(http2::kPing, 0, 1, "12345678")},
        {"GOAWAY on a stream", frame(http2::kGoAway, 0, 1, number(0) + number(0))},
        {"WINDOW_UPDATE of 0", frame(http2::kWindowUpdate, 0, 0, number(0))},
        {"WINDOW_UPDATE of an idle stream", frame(http2::kWindowUpdate, 0, 1, number(1))},
        {"CONTINUATION of nothing", frame(http2::kContinuation, http2::kEndHeaders, 1, kGet)},
        {"CONTINUATION of another stream", frame(http2::kHeaders, 0, 1, kGet) + frame(http2::kContinuation, http2::kEndHeaders, 3, "")},
        {"another frame between a head's", frame(http2::kHeaders, 0, 1, kGet) + frame(http2::kPing, 0, 0, "12345678")}}},
      {Code::kFrameSizeError,
       {{"longer than announced", frame(http2::kData, 0, 1, std::string(16'385, 'x'))},
        {"RST_STREAM of 3 bytes", get(1) + frame(http2::kRstStream, 0, 1, "123")},
        {"SETTINGS of 5 bytes", frame(http2::kSettings, 0, 0, "12345")},
        {"acknowledged SETTINGS with some", frame(http2::kSettings, http2::kAck, 0, setting(http2::kEnablePush, 0))},
        {"PING of 7 bytes", frame(http2::kPing, 0, 0, "1234567")},
        {"GOAWAY of 7 bytes", frame(http2::kGoAway, 0, 0, "1234567")},
        {"WINDOW_UPDATE of 3 bytes", frame(http2::kWindowUpdate, 0, 0, "123")}}},
      {Code::kFlowControlError,
       {{"a window beyond 2^31", frame(http2::kWindowUpdate, 0, 0, number(0x7fffffff))},
        {"windows of streams beyond 2^31", frame(http2::kSettings, 0, 0, setting(http2::kInitialWindowSize, 0x80000000u))},
        {"windows resized beyond 2^31", post(1, field("wait", "")) + frame(http2::kWindowUpdate, 0, 1, number(0x7fff0000)) +
                                            frame(http2::kSettings, 0, 0, setting(http2::kInitialWindowSize, 0x7fffffff))}}},
      {Code::kCompressionError,
       {{"no HPACK", frame(http2::kHeaders, kWhole, 1, "\xff\xff\xff\xff\xff\xff")},
        {"a head that is cut", frame(http2::kHeaders, kWhole, 1, kGet.substr(0, kGet.size() - 1))},
        {"no HPACK on a stream that ended", get(1) + frame(http2::kHeaders, kWhole, 1, "\xff\xff\xff\xff\xff\xff")}}},
      {Code::kEnhanceYourCalm,
       {{"a head in very many parts", [] {
           std::string out = frame(http2::kHeaders, 0, 1, kGet);
           for (int i = 0; i < 20; ++i) out += frame(http2::kContinuation, 0, 1);
           return out;
         }()},
        {"very many settings", [] {
           std::string out;
           for (std::uint16_t i = 0; i < 40; ++i) out += setting(static_cast<std::uint16_t>(100 + i), 1);
           return frame(http2::kSettings, 0, 0, out);
         }()},
        {"data without any", [] {
           std::string out = post(1);
           for (int i = 0; i < 1'100; ++i) out += frame(http2::kData, 0, 1);
           return out;
         }()},
        {"streams that we must reset", [] {
           std::string out;
           for (int i = 0; i < 1'100; ++i) out += frame(http2::kHeaders, kWhole, i * 2 + 1, "");
           return out;
         }()}}},
  };
  for (const auto& [code, rows] : kTable) {
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Talk talk(row.frames);
      REQUIRE(talk.goaway.has_value());
      CHECK(*talk.goaway == static_cast<std::uint32_t>(code));
      CHECK_FALSE(talk.ponged);
      CHECK(talk.world.until([&] { return talk.client->ended; }));
    }
  }
}

TEST_CASE("errors of a stream reset it, and the connection goes on") {
  const std::string wait = field("wait", "");
  const std::map<Code, std::vector<Row>> kTable = {
      {Code::kProtocolError,
       {{"no fields", frame(http2::kHeaders, kWhole, 1)},
        {"no :path", frame(http2::kHeaders, kWhole, 1, field(":method", "GET") + field(":scheme", "https") + field(":authority", "x"))},
        {"an empty :path", frame(http2::kHeaders, kWhole, 1, field(":method", "GET") + field(":scheme", "https") + field(":path", "") + field(":authority", "x"))},
        {"no host", frame(http2::kHeaders, kWhole, 1, field(":method", "GET") + field(":scheme", "https") + field(":path", "/"))},
        {":path twice", get(1, field(":path", "/"))},
        {"a pseudo field of an answer", get(1, field(":status", "200"))},
        {"a pseudo field after others", frame(http2::kHeaders, kWhole, 1, field("a", "b") + kGet)},
        {"upper case", get(1, field("Accept", "x"))},
        {"a line break", get(1, field("a", "b\r\nc: d"))},
        {"connection", get(1, field("connection", "close"))},
        {"transfer-encoding", get(1, field("transfer-encoding", "chunked"))},
        {"te", get(1, field("te", "gzip"))},
        {"two lengths", post(1, field("content-length", "1") + field("content-length", "1"))},
        {"no length", post(1, field("content-length", "-1"))},
        {"less than its length", post(1, field("content-length", "2")) + frame(http2::kData, http2::kEndStream, 1, "x")},
        {"more than its length", post(1, field("content-length", "2")) + frame(http2::kData, 0, 1, "xxx")},
        {"a length and nothing", get(1, field("content-length", "2"))},
        {"trailers that do not end", post(1) + frame(http2::kHeaders, http2::kEndHeaders, 1, field("a", "b"))},
        {"a pseudo field in trailers", post(1) + frame(http2::kHeaders, kWhole, 1, field(":path", "/"))},
        {"WINDOW_UPDATE of 0", get(1, wait) + frame(http2::kWindowUpdate, 0, 1, number(0))}}},
      {Code::kStreamClosed,
       {{"DATA after the end", get(1, wait) + frame(http2::kData, 0, 1, "x")},
        {"HEADERS after the end", get(1, wait) + get(1)},
        {"DATA after its reset", get(1, wait) + frame(http2::kRstStream, 0, 1, number(8)) + frame(http2::kData, 0, 1, "x")},
        {"HEADERS after its reset", get(1, wait) + frame(http2::kRstStream, 0, 1, number(8)) + get(1)}}},
      {Code::kFlowControlError, {{"a window beyond 2^31", get(1, wait) + frame(http2::kWindowUpdate, 0, 1, number(0x7fffffff))}}},
      {Code::kFrameSizeError, {{"PRIORITY of 4 bytes", frame(http2::kPriority, 0, 1, "1234")}}},
  };
  for (const auto& [code, rows] : kTable) {
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Talk talk(row.frames + get(3));
      CHECK(talk.ponged);
      CHECK_FALSE(talk.goaway.has_value());
      CHECK(talk.resets == std::map<std::int32_t, std::uint32_t>{{1, static_cast<std::uint32_t>(code)}});
      CHECK(talk.world.until([&] {
        talk.read();
        return talk.statuses == 1;
      }));
    }
  }
}

TEST_CASE("what is allowed, common or not") {
  const std::string priority("\x80\0\0\1\x10", 5);
  const Row kRows[] = {
      {"a plain request", get(1)},
      {"te: trailers, host in place of :authority",
       frame(http2::kHeaders, kWhole, 1, field(":method", "GET") + field(":scheme", "https") + field(":path", "/") + field("host", "x") + field("te", "trailers"))},
      {"padding and priority", frame(http2::kHeaders, kWhole | http2::kPadded | http2::kHasPriority, 1, "\x03" + priority + kGet + std::string(3, '\0'))},
      {"a head in parts", frame(http2::kHeaders, http2::kEndStream, 1, kGet.substr(0, 10)) + frame(http2::kContinuation, 0, 1, kGet.substr(10, 5)) +
                              frame(http2::kContinuation, http2::kEndHeaders, 1, kGet.substr(15))},
      {"padded data", post(1, field("content-length", "2")) + frame(http2::kData, http2::kPadded | http2::kEndStream, 1, std::string("\2ok\0\0", 5))},
      {"trailers", post(1, field("content-length", "2")) + frame(http2::kData, 0, 1, "ok") + frame(http2::kHeaders, kWhole, 1, field("a", "b"))},
      {"PRIORITY of an idle stream", frame(http2::kPriority, 0, 7, priority) + get(1)},
      {"unknown frames, flags and settings",
       frame(static_cast<http2::Type>(0xbb), 0xff, 1, "?") + frame(http2::kSettings, 0, 0, setting(0x7777, 1)) + get(1)},
      {"reset, and what was under way", get(1, field("wait", "")) + frame(http2::kRstStream, 0, 1, number(8)) + frame(http2::kWindowUpdate, 0, 1, number(1)) +
                                             frame(http2::kRstStream, 0, 1, number(8)) + get(3)},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    Talk talk(row.frames);
    CHECK(talk.ponged);
    CHECK_FALSE(talk.goaway.has_value());
    CHECK(talk.resets.empty());
    CHECK(talk.world.until([&] {
      talk.read();
      return talk.statuses == 1;
    }));
  }
}

TEST_CASE("what was on its way when an answer cut a request short is passed over") {
  HttpLimits limits;
  limits.body_bytes_max = 10;
  HttpWorld world(echo, limits);
  const auto client = world.connect();
  client->send(std::string(kHttp2Preface) + frame(http2::kSettings, 0, 0) + post(1, field("content-length", "20")));
  const std::string cut = frame(http2::kRstStream, 0, 1, number(0));
  REQUIRE(world.until([&] { return client->received.find(cut) != std::string::npos; }));
  client->received.clear();
  client->send(frame(http2::kData, 0, 1, "late") + frame(http2::kHeaders, kWhole, 1, field("a", "b")) + get(3));
  CHECK(world.until([&] { return client->received.ends_with("GET / x\n"); }));
  CHECK(client->received.find(frame(http2::kRstStream, 0, 1, number(5))) == std::string::npos);
}

TEST_CASE("before its settings a client says nothing else") {
  HttpWorld world(echo);
  for (const std::string& first : {frame(http2::kPing, 0, 0, "12345678"), get(1), frame(http2::kSettings, http2::kAck, 0)}) {
    const auto client = world.connect();
    client->send(std::string(kHttp2Preface) + first);
    CHECK(world.until([&] { return client->ended; }));
    CHECK(client->received.find(frame(http2::kGoAway, 0, 0, number(0) + number(1))) != std::string::npos);
  }
}

TEST_CASE("frames may be cut anywhere") {
  const std::string all = std::string(kHttp2Preface) + frame(http2::kSettings, 0, 0) + post(1) + frame(http2::kData, http2::kEndStream, 1, "body");
  HttpWorld world(echo);
  const auto client = world.connect();
  for (const char c : all) {
    client->send(std::string(1, c));
    world.loop->poll(Duration(0));
  }
  CHECK(world.until([&] { return client->received.ends_with("POST / x\nbody"); }));
}

}  // namespace
}  // namespace plinth::net
