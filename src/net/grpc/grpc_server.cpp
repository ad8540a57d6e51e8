#include <fmt/core.h>

#include "net/grpc/grpc.h"
#include "net/grpc/grpc_message.h"

namespace plinth::net {
namespace {

// A client keeps its connection for as long as it likes; the peers are on this machine.
constexpr Duration kIdleTimeout = std::chrono::hours(24);
// Longer deadlines are no deadlines.
constexpr Duration kDeadlineMax = std::chrono::hours(24 * 365);
// Messages somewhat too long are told so in gRPC's way; beyond this HTTP refuses the request.
constexpr std::size_t kBodyBytesMax = 2 * GrpcServer::kMessageBytesMax;

bool is_grpc(const HttpRequest& request) {
  return request.version == 20 && request.method == "POST" &&
         request.headers.get("content-type").starts_with("application/grpc");
}

// A call being answered; lives by its handler, its timer and the exchange.
class ServerCall final : public GrpcResponder, public std::enable_shared_from_this<ServerCall> {
 public:
  explicit ServerCall(std::shared_ptr<Responder> responder) : responder_(std::move(responder)) {}
  ~ServerCall() override {
    // A handler that dropped its responder must not leave the client waiting.
    if (!finished_) ServerCall::finish({GrpcCode::kInternal, "the call was dropped"});
  }

  void start(Duration timeout) {
    const std::weak_ptr<ServerCall> weak = weak_from_this();
    responder_->on_closed([weak] {
      if (const auto self = weak.lock()) self->cancel();
    });
    if (timeout.count() <= 0) return;
    deadline_ = responder_->loop().after(timeout, [weak] {
      const auto self = weak.lock();
      if (!self || self->finished_) return;
      self->deadline_ = 0;
      const Task cancelled = std::move(self->cancelled_);
      self->finish({GrpcCode::kDeadlineExceeded, "the call took longer than its client gave it"});
      if (cancelled) cancelled();
    });
  }

  void send(std::string message) override {
    if (finished_) return;
    begin();
    responder_->write({SharedBytes(frame_message(message))});
  }

  void finish(GrpcStatus status) override {
    if (std::exchange(finished_, true)) return;
    if (deadline_ != 0) responder_->loop().cancel(deadline_);
    cancelled_ = nullptr;
    begin();
    Headers trailers;
    trailers.add("grpc-status", std::to_string(static_cast<int>(status.code)));
    if (!status.message.empty()) trailers.add("grpc-message", percent_encode(status.message));
    responder_->end_with_trailers(std::move(trailers));
  }

  void on_cancelled(Task task) override {
    if (!finished_) cancelled_ = std::move(task);
  }
  std::size_t queued_bytes() const override { return responder_->queued_bytes(); }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    HttpResponse head;
    head.headers.add("content-type", "application/grpc");
    responder_->begin(std::move(head));
  }

  void cancel() {
    if (std::exchange(finished_, true)) return;
    if (deadline_ != 0) responder_->loop().cancel(deadline_);
    if (const Task task = std::move(cancelled_)) task();
  }

  std::shared_ptr<Responder> responder_;
  Task cancelled_;
  TimerId deadline_ = 0;
  bool begun_ = false;
  bool finished_ = false;
};

// Exactly one message, whole; else the status tells.
GrpcStatus read_request(std::string_view body, std::string& message) {
  GrpcMessageReader reader(GrpcServer::kMessageBytesMax);
  std::size_t messages = 0;
  const bool read = reader.feed(body, [&](std::string one) {
    message = std::move(one);
    ++messages;
  });
  if (!read) return reader.failure();
  if (messages == 1 && reader.at_boundary()) return {};
  return {GrpcCode::kInternal, fmt::format("the request has {} messages where one is expected", messages)};
}

class Server final : public GrpcServer {
 public:
  Server(Loop& loop, Clock& clock, GrpcHandler handler) {
    HttpLimits limits;
    limits.body_bytes_max = kBodyBytesMax;
    limits.idle_timeout = kIdleTimeout;
    http_ = make_http_server(
        loop, clock, limits,
        [handler = std::move(handler)](HttpRequest request, std::shared_ptr<Responder> responder) {
          handle(handler, std::move(request), std::move(responder));
        },
        [](const Error& error) { return error.message(); });
  }
  void serve(std::unique_ptr<Stream> stream) override { http_->serve(std::move(stream)); }
  void drain(Duration grace, Task done) override { http_->drain(grace, std::move(done)); }

 private:
  static void handle(const GrpcHandler& handler, HttpRequest http, std::shared_ptr<Responder> responder) {
    if (!is_grpc(http)) {
      HttpResponse response;
      response.status = 415;
      response.headers.add("content-type", "text/plain");
      response.body.push_back(SharedBytes::literal("this socket speaks gRPC\n"));
      return responder->send(std::move(response));
    }
    auto call = std::make_shared<ServerCall>(std::move(responder));
    GrpcRequest request{std::move(http.target), "", std::move(http.headers), {}};
    GrpcStatus read = read_request(http.body, request.message);
    if (!read.ok()) return call->finish(std::move(read));
    const std::string_view timeout = request.metadata.get("grpc-timeout");
    if (!timeout.empty()) {
      const auto parsed = parse_timeout(timeout);
      if (!parsed) return call->finish({GrpcCode::kInternal, fmt::format("grpc-timeout \"{}\" is no time", timeout)});
      if (*parsed < kDeadlineMax) request.timeout = *parsed;
    }
    call->start(request.timeout);
    handler(std::move(request), std::move(call));
  }

  std::unique_ptr<HttpServer> http_;
};

}  // namespace

std::unique_ptr<GrpcServer> make_grpc_server(Loop& loop, Clock& clock, GrpcHandler handler) {
  return std::make_unique<Server>(loop, clock, std::move(handler));
}

GrpcStatus unimplemented(std::string_view path) { return {GrpcCode::kUnimplemented, fmt::format("unknown method {}", path)}; }

}  // namespace plinth::net
