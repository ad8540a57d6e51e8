#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include <fmt/core.h>

#include "net/http.h"
#include "net/server_connection.h"

namespace plinth::net {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
// Deadlines are looked at this often at most.
constexpr std::int64_t kSweepNsMin = 100'000'000;

std::string http_date(std::int64_t seconds) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

// Shared with the tasks and timers that are under way, which hold it weakly.
class ServerCore final : public ConnectionOwner, public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(Loop& loop, Clock& clock, HttpLimits limits, BodyRouter router, HttpHandler handler, StreamsBody which,
             HttpStreamHandler streams, ErrorBody error_body)
      : loop_(loop),
        clock_(clock),
        limits_(limits),
        router_(std::move(router)),
        handler_(std::move(handler)),
        streams_body_(std::move(which)),
        stream_handler_(std::move(streams)),
        error_body_(std::move(error_body)) {}

  void serve(std::unique_ptr<Stream> stream) {
    if (draining_ || connections_.size() >= limits_.connections_max) return turn_away(std::move(stream));
    if (stream->peer().alpn == "h2") return serve_http2(std::move(stream), {});
    add(make_http1_connection(*this, std::move(stream)));
  }

  void drain(Duration grace, Task done) {
    draining_ = true;
    drained_ = std::move(done);
    std::vector<ServerConnection*> all;
    for (const auto& [serial, connection] : connections_) all.push_back(connection.get());
    for (ServerConnection* connection : all) connection->drain();
    if (connections_.empty()) return finish_drain();
    grace_timer_ = loop_.after(grace, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->grace_timer_ = 0;
        self->connections_.clear();
        self->finish_drain();
      }
    });
  }

  void shut_down() {
    if (sweep_timer_ != 0) loop_.cancel(sweep_timer_);
    if (grace_timer_ != 0) loop_.cancel(grace_timer_);
    sweep_timer_ = grace_timer_ = 0;
    drained_ = nullptr;
    auto dying = std::move(connections_);
    connections_.clear();
    dying.clear();
    ended_.clear();
  }

  std::size_t connections() const { return connections_.size(); }

  Loop& loop() override { return loop_; }
  const Clock& clock() override { return clock_; }
  const HttpLimits& limits() override { return limits_; }
  const HttpHandler& handler() override { return handler_; }
  const BodyRouter& body_router() override { return router_; }
  const HttpStreamHandler& stream_handler() override { return stream_handler_; }
  const StreamsBody& streams_body() override { return streams_body_; }
  std::string error_body(const Error& error) override { return error_body_ ? error_body_(error) : error.message() + "\n"; }

  const std::string& date() override {
    const std::int64_t second = clock_.wall_ns() / kSecondNs;
    if (second != date_second_) {
      date_second_ = second;
      date_ = http_date(second);
    }
    return date_;
  }

  void ended(ServerConnection* connection) override {
    const auto found = connections_.find(connection->serial);
    if (found == connections_.end()) return;
    ended_.push_back(std::move(found->second));
    connections_.erase(found);
    if (ended_.size() > 1) return;
    loop_.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      const auto dying = std::move(self->ended_);
      self->ended_.clear();
      if (self->draining_ && self->connections_.empty()) self->finish_drain();
    });
  }

  void deadline_changed(ServerConnection* connection) override {
    const std::int64_t deadline = connection->deadline_ns();
    if (sweep_timer_ != 0 && sweep_at_ns_ <= std::max(deadline, clock_.monotonic_ns() + kSweepNsMin)) return;
    if (sweep_timer_ != 0) loop_.cancel(sweep_timer_);
    schedule_sweep(deadline);
  }

  void serve_http2(std::unique_ptr<Stream> stream, std::string received) override {
    add(make_http2_connection(*this, std::move(stream), std::move(received)));
  }

 private:
  void add(std::unique_ptr<ServerConnection> connection) {
    connection->serial = ++last_serial_;
    connections_.emplace(last_serial_, std::move(connection));
  }

  // Over the limit a plain answer would need a connection's memory; a closed one is retried by every client.
  static void turn_away(std::unique_ptr<Stream> stream) { stream->close(); }

  void schedule_sweep(std::int64_t deadline_ns) {
    const std::int64_t now = clock_.monotonic_ns();
    sweep_at_ns_ = std::max(deadline_ns, now + kSweepNsMin);
    sweep_timer_ = loop_.after(Duration(sweep_at_ns_ - now), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->sweep();
    });
  }

  // One timer for all connections: cheap to arm for each request, and nothing per idle connection.
  void sweep() {
    sweep_timer_ = 0;
    const std::int64_t now = clock_.monotonic_ns();
    std::vector<std::uint64_t> due;
    std::int64_t next = 0;
    for (const auto& [serial, connection] : connections_) {
      const std::int64_t deadline = connection->deadline_ns();
      if (deadline == 0) continue;
      if (deadline <= now)
        due.push_back(serial);
      else
        next = next == 0 ? deadline : std::min(next, deadline);
    }
    for (const std::uint64_t serial : due) {
      const auto found = connections_.find(serial);
      if (found != connections_.end()) found->second->on_deadline();
    }
    if (next != 0 && (sweep_timer_ == 0 || next < sweep_at_ns_)) {
      if (sweep_timer_ != 0) loop_.cancel(sweep_timer_);
      schedule_sweep(next);
    }
  }

  void finish_drain() {
    if (grace_timer_ != 0) loop_.cancel(grace_timer_);
    grace_timer_ = 0;
    if (drained_) loop_.post(std::move(drained_));
    drained_ = nullptr;
  }

  Loop& loop_;
  Clock& clock_;
  const HttpLimits limits_;
  const BodyRouter router_;
  const HttpHandler handler_;
  const StreamsBody streams_body_;
  const HttpStreamHandler stream_handler_;
  const ErrorBody error_body_;
  std::map<std::uint64_t, std::unique_ptr<ServerConnection>>
      connections_;  // by serial: whatever is done to all is done in order
  std::uint64_t last_serial_ = 0;
  std::vector<std::unique_ptr<ServerConnection>> ended_;
  std::string date_;
  std::int64_t date_second_ = -1;
  std::int64_t sweep_at_ns_ = 0;
  TimerId sweep_timer_ = 0;
  TimerId grace_timer_ = 0;
  Task drained_;
  bool draining_ = false;
};

class HttpServerImpl final : public HttpServer {
 public:
  explicit HttpServerImpl(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}
  ~HttpServerImpl() override { core_->shut_down(); }
  void serve(std::unique_ptr<Stream> stream) override { core_->serve(std::move(stream)); }
  void drain(Duration grace, Task done) override { core_->drain(grace, std::move(done)); }
  std::size_t connections() const override { return core_->connections(); }

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace

std::unique_ptr<HttpServer> make_http_server(Loop& loop, Clock& clock, HttpLimits limits, HttpHandler handler,
                                             ErrorBody error_body) {
  return make_streaming_http_server(loop, clock, limits, nullptr, std::move(handler), std::move(error_body));
}

std::unique_ptr<HttpServer> make_streaming_http_server(Loop& loop, Clock& clock, HttpLimits limits, BodyRouter router,
                                                       HttpHandler handler, ErrorBody error_body) {
  return std::make_unique<HttpServerImpl>(std::make_shared<ServerCore>(
      loop, clock, limits, std::move(router), std::move(handler), nullptr, nullptr, std::move(error_body)));
}

std::unique_ptr<HttpServer> make_proxy_http_server(Loop& loop, Clock& clock, HttpLimits limits, HttpStreamHandler handler,
                                                   ErrorBody error_body) {
  return std::make_unique<HttpServerImpl>(
      std::make_shared<ServerCore>(loop, clock, limits, nullptr, nullptr, nullptr, std::move(handler), std::move(error_body)));
}

std::unique_ptr<HttpServer> make_mixed_http_server(Loop& loop, Clock& clock, HttpLimits limits, StreamsBody which,
                                                   HttpStreamHandler streams, HttpHandler handler, ErrorBody error_body) {
  return std::make_unique<HttpServerImpl>(std::make_shared<ServerCore>(
      loop, clock, limits, nullptr, std::move(handler), std::move(which), std::move(streams), std::move(error_body)));
}

}  // namespace plinth::net
