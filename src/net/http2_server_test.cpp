// The server against libnghttp2's own client.
#include <map>

#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>

#include "net/http_test_world.h"
#include "net/server_connection.h"

namespace plinth::net {
namespace {

using std::chrono::milliseconds;

struct Answer {
  std::map<std::string, std::string> headers;
  std::string body;
  bool closed = false;
  std::uint32_t error_code = 0;
  std::string status() { return headers[":status"]; }
};

// A client session on a stream; the client's windows are its settings.
class Http2Client {
 public:
  explicit Http2Client(HttpWorld& world, std::uint32_t window = 65535) : world_(world), raw_(world.connect()) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_peer_max_concurrent_streams(options, 100'000);
    nghttp2_session_client_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
    flush();
    raw_->on_bytes = [this](std::string_view bytes) {
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      flush();
    };
  }
  ~Http2Client() { nghttp2_session_del(session_); }

  std::int32_t request(const std::string& method, const std::string& path, const std::string& body = "",
                       std::vector<std::pair<std::string, std::string>> extra = {}) {
    std::vector<std::pair<std::string, std::string>> fields = {
        {":method", method}, {":scheme", "https"}, {":authority", "h2.example"}, {":path", path}};
    fields.insert(fields.end(), extra.begin(), extra.end());
    std::vector<nghttp2_nv> nv;
    for (auto& [name, value] : fields) {
      nv.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), name.size(),
                    value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    bodies_.push_back(std::make_unique<std::string>(body));
    nghttp2_data_provider provider{};
    provider.source.ptr = bodies_.back().get();
    provider.read_callback = read_body;
    const std::int32_t id =
        nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), body.empty() ? nullptr : &provider, nullptr);
    flush();
    return id;
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }
  void flush() {
    if (!raw_->stream) return;
    while (true) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) return;
      raw_->send(std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)));
    }
  }
  bool wait(std::int32_t id) {
    return world_.until([&] { return answers[id].closed || raw_->ended; });
  }
  bool ended() const { return raw_->ended; }
  RawClient& raw() { return *raw_; }
  nghttp2_session* session() { return session_; }

  std::map<std::int32_t, Answer> answers;
  bool goaway = false;
  std::uint32_t goaway_code = 0;

 private:
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    self(user).answers[frame->hd.stream_id].headers[std::string(name, name + name_size)] =
        std::string(value, value + value_size);
    return 0;
  }
  static int on_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
    self(user).answers[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    Answer& answer = self(user).answers[id];
    answer.closed = true;
    answer.error_code = code;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaway = true;
      self(user).goaway_code = frame->goaway.error_code;
    }
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size, std::uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    auto& body = *static_cast<std::string*>(source->ptr);
    const std::size_t n = std::min(size, body.size());
    std::copy_n(body.data(), n, out);
    body.erase(0, n);
    if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  HttpWorld& world_;
  std::unique_ptr<RawClient> raw_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<std::string>> bodies_;
};

TEST_CASE("requests over TLS and over plain streams that begin with the preface") {
  for (const Transport transport : {Transport::kPlain, Transport::kTlsHttp2}) {
    CAPTURE(static_cast<int>(transport));
    HttpWorld world(echo, {}, transport);
    Http2Client client(world);
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 50; ++i)
      ids.push_back(client.request(i % 2 == 0 ? "GET" : "POST", "/" + std::to_string(i), i % 2 == 0 ? "" : "body"));
    for (int i = 0; i < 50; ++i) {
      REQUIRE(client.wait(ids[static_cast<std::size_t>(i)]));
      Answer& answer = client.answers[ids[static_cast<std::size_t>(i)]];
      CHECK(answer.error_code == 0);
      CHECK(answer.status() == "200");
      CHECK(answer.headers["content-type"] == "text/plain");
      CHECK(answer.headers.count("date") == 1);
      const std::string expected =
          (i % 2 == 0 ? "GET /" : "POST /") + std::to_string(i) + " h2.example\n" + (i % 2 == 0 ? "" : "body");
      CHECK(answer.body == expected);
      CHECK(answer.headers["content-length"] == std::to_string(expected.size()));
    }
  }
}

TEST_CASE("large bodies go both ways within the peer's windows") {
  HttpWorld world(echo, {}, Transport::kTlsHttp2);
  Http2Client client(world, 10'000);
  std::string body(2'500'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 100) body[i] = static_cast<char>('a' + i / 100 % 26);
  const auto first = client.request("POST", "/", body);
  const auto second = client.request("POST", "/", body);
  REQUIRE(client.wait(first));
  REQUIRE(client.wait(second));
  CHECK((client.answers[first].body == "POST / h2.example\n" + body));
  CHECK((client.answers[second].body == "POST / h2.example\n" + body));
}

TEST_CASE("HEAD, 204, and what has no place in HTTP/2") {
  HttpWorld world([](HttpRequest request, std::shared_ptr<Responder> responder) {
    std::string rest;
    CHECK(responder->upgrade({}, rest) == nullptr);
    HttpResponse response;
    response.status = request.target == "/204" ? 204 : 200;
    response.headers.add("connection", "close");
    response.headers.add("x-echo", "a\r\nb: c");
    response.body.push_back(SharedBytes(std::string("four")));
    responder->send(std::move(response));
  });
  Http2Client client(world);
  const auto head = client.request("HEAD", "/");
  const auto none = client.request("GET", "/204");
  REQUIRE(client.wait(head));
  REQUIRE(client.wait(none));
  CHECK(client.answers[head].error_code == 0);
  CHECK(client.answers[head].headers["content-length"] == "4");
  CHECK(client.answers[head].headers["x-echo"] == "a  b: c");
  CHECK(client.answers[head].body.empty());
  CHECK(client.answers[none].status() == "204");
  CHECK(client.answers[none].error_code == 0);
}

TEST_CASE("limits: body, header, and bytes announced too many") {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  limits.header_bytes_max = 2000;
  HttpWorld world(echo, limits);
  Http2Client client(world);
  const auto long_body = client.request("POST", "/", std::string(1001, 'x'));
  const auto announced = client.request("POST", "/", std::string(5000, 'x'), {{"content-length", "5000"}});
  const auto long_header = client.request("GET", "/", "", {{"x", std::string(2000, 'x')}});
  const auto good = client.request("POST", "/", std::string(1000, 'x'));
  for (const auto& [id, status] : {std::pair{long_body, "413"}, {announced, "413"}, {long_header, "431"}, {good, "200"}}) {
    REQUIRE(client.wait(id));
    CHECK(client.answers[id].status() == status);
  }
  CHECK(client.answers[long_body].body.find("limit is 1000") != std::string::npos);
  CHECK_FALSE(client.ended());
}

TEST_CASE("more streams than allowed are refused, not served") {
  HttpLimits limits;
  limits.streams_per_connection_max = 4;
  std::vector<std::shared_ptr<Responder>> waiting;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> responder) { waiting.push_back(std::move(responder)); }, limits);
  Http2Client client(world);
  REQUIRE(world.until(
      [&] { return nghttp2_session_get_remote_settings(client.session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) == 4; }));
  for (int i = 0; i < 10; ++i) client.request("GET", "/");
  REQUIRE(world.until([&] { return waiting.size() == 4; }));
  for (int i = 0; i < 10; ++i) world.loop->poll(milliseconds(1));
  CHECK(waiting.size() == 4);
  const auto first = std::move(waiting);
  waiting.clear();
  for (const auto& responder : first) responder->send({});
  CHECK(world.until([&] { return waiting.size() == 4; }));
}

TEST_CASE("streamed answers: chunks leave at once, stop at the window, drained is told") {
  std::shared_ptr<Responder> responder;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> r) {
    r->begin({});
    responder = std::move(r);
  });
  Http2Client client(world, 1000);
  const auto id = client.request("GET", "/");
  REQUIRE(world.until([&] { return client.answers[id].status() == "200"; }));
  CHECK_FALSE(client.answers[id].closed);
  int drained = 0;
  responder->on_drained([&] { ++drained; });
  responder->write({SharedBytes(std::string("hello"))});
  REQUIRE(world.until([&] { return client.answers[id].body == "hello"; }));
  CHECK(drained == 1);

  client.raw().stream->pause_reading(true);
  const SharedBytes shared(std::string(50'000, 'x'));
  for (int i = 0; i < 10; ++i) responder->write({shared});
  for (int i = 0; i < 10; ++i) world.loop->poll(milliseconds(1));
  CHECK(responder->queued_bytes() >= 499'000);
  CHECK(drained == 1);
  client.raw().stream->pause_reading(false);
  REQUIRE(world.until([&] { return drained == 2; }));
  CHECK(responder->queued_bytes() == 0);
  responder->end();
  REQUIRE(client.wait(id));
  CHECK(client.answers[id].error_code == 0);
  CHECK(client.answers[id].body.size() == 500'005);
  CHECK(responder->closed());
}

TEST_CASE("many streams of one connection share one buffer's bytes and all arrive") {
  std::vector<std::shared_ptr<Responder>> watchers;
  HttpWorld world(
      [&](HttpRequest, std::shared_ptr<Responder> r) {
        r->begin({});
        watchers.push_back(std::move(r));
      },
      {}, Transport::kTlsHttp2);
  Http2Client client(world);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(client.request("GET", "/watch"));
  REQUIRE(world.until([&] { return watchers.size() == 200; }));
  const SharedBytes event(std::string(5'000, 'e'));
  for (int round = 0; round < 3; ++round) {
    for (const auto& watcher : watchers) watcher->write({event});
  }
  for (const auto& watcher : watchers) watcher->end();
  for (const auto id : ids) {
    REQUIRE(client.wait(id));
    CHECK(client.answers[id].body.size() == 15'000);
  }
}

TEST_CASE("a stream or a connection that goes away is told once; an aborted answer has no clean end") {
  std::vector<std::shared_ptr<Responder>> responders;
  int closed = 0;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> r) {
    r->on_closed([&] { ++closed; });
    r->begin({});
    responders.push_back(std::move(r));
  });
  auto client = std::make_unique<Http2Client>(world);
  const auto first = client->request("GET", "/");
  const auto second = client->request("GET", "/");
  client->request("GET", "/");
  REQUIRE(world.until([&] { return responders.size() == 3; }));
  client->reset(first);
  REQUIRE(world.until([&] { return closed == 1; }));
  CHECK(responders[0]->closed());
  responders[0]->write({SharedBytes(std::string("late"))});
  responders[1]->write({SharedBytes(std::string("part"))});
  responders[1]->abort();
  CHECK(responders[1]->closed());
  REQUIRE(client->wait(second));
  CHECK(client->answers[second].error_code == NGHTTP2_INTERNAL_ERROR);
  client.reset();
  REQUIRE(world.until([&] { return closed == 2 && responders[2]->closed(); }));
  responders[2]->end();
  CHECK(world.until([&] { return world.server->connections() == 0; }));
}

TEST_CASE("bytes that are not HTTP/2 end the connection") {
  HttpWorld world(echo);
  for (const std::string& bytes :
       {std::string(kHttp2Preface) + std::string("\0\0\x01\x01\x05\0\0\0\x01\xff", 10),
        std::string(kHttp2Preface) + std::string(100, '\xff'), std::string(kHttp2Preface) + "GET / HTTP/1.1\r\n\r\n"}) {
    const auto raw = world.connect();
    raw->send(bytes);
    CHECK(world.until([&] { return raw->ended; }));
  }
  CHECK(world.until([&] { return world.server->connections() == 0; }));
}

TEST_CASE("floods: resets in their thousands and pings without reading end the connection") {
  int served = 0;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder>) { ++served; });
  Http2Client client(world);
  SUBCASE("rapid reset") {
    for (int i = 0; i < 20'000 && !client.goaway && !client.ended(); ++i) {
      client.reset(client.request("GET", "/"));
      if (i % 50 == 0) world.loop->poll(Duration(0));
    }
    CHECK(world.until([&] { return client.goaway || client.ended(); }));
    CHECK(served < 5000);
  }
  SUBCASE("pings whose answers are not read") {
    client.raw().stream->pause_reading(true);
    const std::string ping("\0\0\x08\x06\0\0\0\0\0abcdefgh", 17);
    std::string many;
    for (int i = 0; i < 4000; ++i) many += ping;
    std::size_t sent = 0;
    while (world.server->connections() == 1 || sent == 0) {
      if (client.raw().stream->queued_bytes() < 1'000'000) {
        client.raw().send(many);
        sent += many.size();
      }
      world.loop->poll(Duration(0));
      REQUIRE(sent < 400'000'000);
    }
  }
}

TEST_CASE("timeouts: half a request is cancelled, an idle connection gets a GOAWAY") {
  HttpLimits limits;
  limits.header_timeout = milliseconds(100);
  limits.idle_timeout = milliseconds(100);
  HttpWorld world(echo, limits);
  Http2Client client(world);
  const auto id = client.request("POST", "/", "x", {{"content-length", "10"}});  // one byte of ten, then a bad end
  REQUIRE(client.wait(id));
  CHECK(client.answers[id].error_code != 0);
  REQUIRE(world.until([&] { return client.ended(); }));
  CHECK(client.goaway);
  CHECK(client.goaway_code == 0);
}

TEST_CASE("drain: GOAWAY, answers in progress are finished, then the end") {
  std::shared_ptr<Responder> waiting;
  HttpWorld world([&](HttpRequest, std::shared_ptr<Responder> responder) { waiting = std::move(responder); });
  Http2Client client(world);
  Http2Client idle(world);
  const auto id = client.request("GET", "/");
  REQUIRE(world.until([&] { return waiting != nullptr && world.server->connections() == 2; }));
  bool drained = false;
  world.server->drain(std::chrono::hours(1), [&] { drained = true; });
  REQUIRE(world.until([&] { return client.goaway && idle.ended(); }));
  CHECK_FALSE(drained);
  waiting->send({});
  REQUIRE(client.wait(id));
  CHECK(client.answers[id].status() == "200");
  REQUIRE(world.until([&] { return client.ended(); }));
  client.raw().stream->close();
  idle.raw().stream->close();
  CHECK(world.until([&] { return drained; }));
}

}  // namespace
}  // namespace plinth::net
