#include "net/forwarder.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "net/http1_parser.h"
#include "net/http1_writer.h"
#include "net/tunnel.h"

namespace plinth::net {
namespace {

constexpr std::size_t kHeaderBytesMax = 256 * 1024;
constexpr Duration kIdleSweep = std::chrono::seconds(10);
constexpr int kBadGateway = 502;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool lists(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (equal_ignoring_case(one, token)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

// RFC 9110 section 7.6.1: fields of one connection only.
bool is_of_connection(const Headers& headers, std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "connection", "keep-alive",        "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
      "trailer",    "transfer-encoding", "upgrade"};
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return true;
  const auto connection = headers.all("connection");
  return std::any_of(connection.begin(), connection.end(), [&](std::string_view list) { return lists(list, name); });
}

// "" when no other protocol is asked for.
std::string wanted_protocol(const HttpRequest& request) {
  if (request.version >= 20 || !lists(request.headers.get("connection"), "upgrade")) return "";
  return std::string(request.headers.get("upgrade"));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

std::string request_head(const HttpRequest& request, bool body_expected, const std::string& upgrade) {
  std::string out;
  out.reserve(512);
  out += request.method + " " + request.target + " HTTP/1.1\r\n";
  append_field(out, "host", request.host);
  for (const auto& [name, value] : request.headers.entries()) {
    if (name == "host" || name == "expect" || (name == "content-length" && !body_expected)) continue;
    if (!is_of_connection(request.headers, name)) append_field(out, name, value);
  }
  if (!upgrade.empty()) {
    append_field(out, "connection", "Upgrade");
    append_field(out, "upgrade", upgrade);
  }
  const bool usually_has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (body_expected && !request.headers.has("content-length")) out += "transfer-encoding: chunked\r\n";
  if (!body_expected && usually_has_body) out += "content-length: 0\r\n";
  return out + "\r\n";
}

using ServerKey = std::pair<std::string, std::shared_ptr<TlsClientContext>>;
class ForwarderCore;

// A connection that waits for its next request.
struct IdleConnection final : StreamEvents {
  void on_data(std::string_view) override { drop(); }
  void on_read_closed() override { drop(); }
  void on_closed() override { drop(); }
  void drop();

  ForwarderCore* core = nullptr;
  ServerKey key;
  std::unique_ptr<Stream> stream;
  std::int64_t since_ns = 0;
};

// One request on its way. The core holds it until it is over.
class Passage final : public StreamEvents, public std::enable_shared_from_this<Passage> {
 public:
  ForwarderCore* core = nullptr;
  std::uint64_t serial = 0;
  std::vector<std::string> addresses;
  std::shared_ptr<TlsClientContext> tls;
  HttpRequest request;
  std::shared_ptr<IncomingBody> body;
  std::shared_ptr<Responder> responder;
  UniqueFunction<void(Error)> failed;

  void start();
  void cut_off();

 private:
  void connect();
  void use(std::unique_ptr<Stream> stream, bool reused);
  void send_body(std::string_view bytes);
  void body_sent();
  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;
  void take_answer(bool at_end);
  bool begin_answer();
  void pass_body();
  void complete();
  void become_tunnel();
  void fail(Reason reason, std::string message, int code = 0);
  void broken(const std::string& how);
  void arm_timer();
  void stop_timer();
  void end();

  std::string upgrade_;
  std::size_t next_address_ = 0;
  std::string address_;  // that is used
  std::unique_ptr<Stream> stream_;
  std::optional<Http1ResponseParser> parser_;
  std::string input_;
  TimerId timer_ = 0;
  bool reused_ = false;
  bool retried_ = false;
  bool chunked_ = false;
  bool body_started_ = false;
  bool body_done_ = false;
  bool answer_begun_ = false;
  bool over_ = false;
};

class ForwarderCore final : public Forwarder {
 public:
  ForwarderCore(Loop& loop, Network& network, Clock& clock, ForwarderLimits limits)
      : loop_(loop), network_(network), clock_(clock), limits_(limits) {}
  ~ForwarderCore() override {
    *alive_ = false;
    if (sweep_ != 0) loop_.cancel(sweep_);
    const auto all = std::exchange(passages_, {});
    for (const auto& [serial, passage] : all) passage->cut_off();
  }

  void forward(std::vector<std::string> addresses, std::shared_ptr<TlsClientContext> tls, HttpRequest request,
               std::shared_ptr<IncomingBody> body, std::shared_ptr<Responder> responder,
               UniqueFunction<void(Error)> failed) override {
    if (under_way() >= limits_.under_way_max)
      return failed(
          Error(Reason::kServiceUnavailable, fmt::format("{} requests are under way already", limits_.under_way_max)));
    const auto passage = std::make_shared<Passage>();
    passage->core = this;
    passage->serial = ++last_serial_;
    passage->addresses = std::move(addresses);
    passage->tls = std::move(tls);
    passage->request = std::move(request);
    passage->body = std::move(body);
    passage->responder = std::move(responder);
    passage->failed = std::move(failed);
    passages_.emplace(passage->serial, passage);
    passage->start();
  }
  std::size_t under_way() const override { return passages_.size() + tunnels_.size(); }

  Loop& loop() { return loop_; }
  Network& network() { return network_; }
  const ForwarderLimits& limits() const { return limits_; }

  void forget(std::uint64_t serial) { passages_.erase(serial); }

  std::unique_ptr<Stream> take_idle(const ServerKey& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    std::unique_ptr<Stream> stream = std::move(found->second.back()->stream);
    found->second.pop_back();
    if (found->second.empty()) idle_.erase(found);
    stream->start(nullptr);
    return stream;
  }

  void keep(ServerKey key, std::unique_ptr<Stream> stream) {
    auto& list = idle_[key];
    if (list.size() >= limits_.idle_per_server_max) return;
    auto one = std::make_unique<IdleConnection>();
    one->core = this;
    one->key = std::move(key);
    one->stream = std::move(stream);
    one->since_ns = clock_.monotonic_ns();
    one->stream->start(one.get());
    list.push_back(std::move(one));
    if (sweep_ == 0) schedule_sweep();
  }

  void drop(IdleConnection* dead) {
    const auto found = idle_.find(dead->key);
    if (found == idle_.end()) return;
    std::erase_if(found->second, [&](const auto& one) { return one.get() == dead; });
    if (found->second.empty()) idle_.erase(found);
  }

  void add_tunnel(std::unique_ptr<Stream> client, std::string from_client, std::unique_ptr<Stream> server,
                  std::string from_server) {
    const std::uint64_t serial = ++last_serial_;
    auto tunnel = std::make_unique<Tunnel>(std::move(client), std::move(server), limits_.queued_bytes_max, [this, serial] {
      loop_.post([this, serial, alive = alive_] {
        if (*alive) tunnels_.erase(serial);
      });
    });
    Tunnel& made = *tunnel;
    tunnels_.emplace(serial, std::move(tunnel));
    made.start(std::move(from_client), std::move(from_server));
  }

 private:
  void schedule_sweep() {
    sweep_ = loop_.after(kIdleSweep, [this] {
      sweep_ = 0;
      const std::int64_t oldest = clock_.monotonic_ns() - limits_.idle_timeout.count();
      for (auto it = idle_.begin(); it != idle_.end();) {
        std::erase_if(it->second, [&](const auto& one) { return one->since_ns <= oldest; });
        it = it->second.empty() ? idle_.erase(it) : std::next(it);
      }
      if (!idle_.empty()) schedule_sweep();
    });
  }

  Loop& loop_;
  Network& network_;
  Clock& clock_;
  const ForwarderLimits limits_;
  std::map<std::uint64_t, std::shared_ptr<Passage>> passages_;
  std::map<std::uint64_t, std::unique_ptr<Tunnel>> tunnels_;
  std::map<ServerKey, std::vector<std::unique_ptr<IdleConnection>>> idle_;
  std::uint64_t last_serial_ = 0;
  TimerId sweep_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void IdleConnection::drop() { core->drop(this); }

void Passage::start() {
  upgrade_ = wanted_protocol(request);
  responder->on_closed([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end();
  });
  connect();
}

void Passage::connect() {
  if (next_address_ >= addresses.size()) return fail(Reason::kServiceUnavailable, "there is no address to connect to");
  address_ = addresses[next_address_++];
  if (!retried_) {
    if (auto idle = core->take_idle({address_, tls})) return use(std::move(idle), true);
  }
  core->network().connect(core->loop(), address_, tls, "", core->limits().connect_timeout,
                          [weak = weak_from_this()](Result<std::unique_ptr<Stream>> stream) {
                            const auto self = weak.lock();
                            if (!self || self->over_) return;
                            if (stream.ok()) return self->use(std::move(*stream), false);
                            if (self->next_address_ < self->addresses.size()) return self->connect();
                            self->fail(Reason::kServiceUnavailable, stream.error().message());
                          });
}

void Passage::use(std::unique_ptr<Stream> stream, bool reused) {
  using Body = Http1ResponseParser::Body;
  reused_ = reused;
  stream_ = std::move(stream);
  parser_.emplace(kHeaderBytesMax, request.method == "HEAD" ? Body::kNone : Body::kExpected);
  const bool expected = body && body->expected();
  chunked_ = expected && !request.headers.has("content-length");
  stream_->start(this);
  stream_->write({SharedBytes(request_head(request, expected, upgrade_))});
  if (!expected) return body_sent();
  body_started_ = true;
  body->start(
      [weak = weak_from_this()](std::string_view bytes) {
        if (const auto self = weak.lock()) self->send_body(bytes);
      },
      [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->over_) return;
        if (self->chunked_ && self->stream_) self->stream_->write({SharedBytes::literal(kLastChunk)});
        self->body_sent();
      });
}

void Passage::send_body(std::string_view bytes) {
  if (over_ || !stream_) return;
  ByteChain out;
  if (chunked_)
    append_chunk(out, {SharedBytes(std::string(bytes))});
  else
    out.push_back(SharedBytes(std::string(bytes)));
  stream_->write(std::move(out));
  if (stream_->queued_bytes() > core->limits().queued_bytes_max) body->pause(true);
}

void Passage::body_sent() {
  body_done_ = true;
  if (!answer_begun_) arm_timer();
}

void Passage::on_drained() {
  if (body_started_ && !body_done_) body->pause(false);
}

void Passage::on_data(std::string_view bytes) {
  if (over_) return;
  input_.append(bytes);
  take_answer(false);
}

void Passage::on_read_closed() {
  if (over_) return;
  parser_->feed_end();
  take_answer(true);
}

void Passage::on_closed() {
  if (!over_) broken("the connection was cut off");
}

void Passage::take_answer(bool at_end) {
  const auto self = shared_from_this();
  while (!over_) {
    const std::size_t used = parser_->feed(input_);
    input_.erase(0, used);
    if (parser_->error()) return broken(parser_->error()->message());
    if (parser_->head_complete() && !answer_begun_ && begin_answer()) return;
    if (over_) return;
    if (answer_begun_) pass_body();
    if (parser_->complete()) return complete();
    if (used == 0 || input_.empty()) break;
  }
  if (!over_ && at_end) broken("the connection ended before the answer was complete");
}

// True when the request is over with it.
bool Passage::begin_answer() {
  stop_timer();
  answer_begun_ = true;
  if (parser_->status() == 101) {
    if (upgrade_.empty()) {
      answer_begun_ = false;
      broken("it changes to a protocol that nobody asked for");
    } else {
      become_tunnel();
    }
    return true;
  }
  HttpResponse response;
  response.status = parser_->status();
  const Headers& headers = parser_->headers();
  for (const auto& [name, value] : headers.entries()) {
    if (!is_of_connection(headers, name)) response.headers.add(name, value);
  }
  const bool whole = parser_->complete();
  if (!parser_->body().empty()) response.body.push_back(SharedBytes(std::exchange(parser_->body(), {})));
  if (!whole) {
    responder->begin(std::move(response));
    return false;
  }
  responder->send(std::move(response));
  complete();
  return true;
}

void Passage::pass_body() {
  if (parser_->body().empty()) return;
  responder->write({SharedBytes(std::exchange(parser_->body(), {}))});
  if (responder->queued_bytes() <= core->limits().queued_bytes_max) return;
  stream_->pause_reading(true);
  responder->on_drained([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->stream_) self->stream_->pause_reading(false);
  });
}

void Passage::complete() {
  if (over_) return;
  const auto self = shared_from_this();
  const bool reusable = parser_->keep_alive() && input_.empty() && body_done_;
  responder->end();
  std::unique_ptr<Stream> stream = std::move(stream_);
  end();
  if (!reusable || !stream) return;
  stream->start(nullptr);
  stream->pause_reading(false);
  core->keep({address_, tls}, std::move(stream));
}

void Passage::become_tunnel() {
  const auto self = shared_from_this();
  Headers headers;
  for (const auto& [name, value] : parser_->headers().entries()) {
    if (name != "connection" && name != "transfer-encoding") headers.add(name, value);
  }
  std::string from_client;
  std::unique_ptr<Stream> client = responder->upgrade(std::move(headers), from_client);
  std::unique_ptr<Stream> server = std::move(stream_);
  std::string from_server = std::move(parser_->body());
  from_server += input_;
  end();
  if (!client) return;
  server->start(nullptr);
  core->add_tunnel(std::move(client), std::move(from_client), std::move(server), std::move(from_server));
}

void Passage::broken(const std::string& how) {
  const auto self = shared_from_this();
  // A kept connection may have been closed just when it was taken.
  if (reused_ && !answer_begun_ && !retried_ && !body_started_ && !parser_->head_complete() && input_.empty()) {
    retried_ = true;
    reused_ = false;
    stop_timer();
    stream_.reset();
    --next_address_;
    return connect();
  }
  if (answer_begun_) {
    responder->abort();
    return end();
  }
  fail(Reason::kBadRequest, address_ + ": " + how, kBadGateway);
}

void Passage::fail(Reason reason, std::string message, int code) {
  if (over_) return;
  const auto self = shared_from_this();
  UniqueFunction<void(Error)> told = std::move(failed);
  end();
  Error error(reason, std::move(message));
  if (code != 0) error.set_code(code);
  if (told) told(std::move(error));
}

void Passage::arm_timer() {
  stop_timer();
  timer_ = core->loop().after(core->limits().head_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_) return;
    self->timer_ = 0;
    self->fail(Reason::kTimeout, self->address_ + ": no answer in time");
  });
}

void Passage::stop_timer() {
  if (timer_ != 0) core->loop().cancel(timer_);
  timer_ = 0;
}

void Passage::end() {
  if (over_) return;
  const auto self = shared_from_this();
  over_ = true;
  stop_timer();
  stream_.reset();
  core->forget(serial);
}

void Passage::cut_off() {
  if (over_) return;
  over_ = true;
  stop_timer();
  stream_.reset();
  responder->abort();
}

}  // namespace

std::unique_ptr<Forwarder> make_forwarder(Loop& loop, Network& network, Clock& clock, ForwarderLimits limits) {
  return std::make_unique<ForwarderCore>(loop, network, clock, limits);
}

}  // namespace plinth::net
