#include "server/read/websocket_watch.h"

#include "net/websocket.h"

namespace plinth::server {
namespace {

constexpr std::uint16_t kNormalClosure = 1000, kProtocolError = 1002;
// How long a client may take to answer our close before the connection is cut.
constexpr Duration kCloseGrace = std::chrono::seconds(1);

class WebSocketWatch final : public net::Responder, public StreamEvents, public std::enable_shared_from_this<WebSocketWatch> {
 public:
  WebSocketWatch(std::shared_ptr<net::Responder> inner, net::Headers headers)
      : inner_(std::move(inner)), headers_(std::move(headers)) {}

  void send(net::HttpResponse response) override {
    if (!stream_) inner_->send(std::move(response));
  }

  void begin(net::HttpResponse) override {
    std::string rest;
    stream_ = inner_->upgrade(std::move(headers_), rest);
    if (!stream_) {
      gone_ = true;
      return;
    }
    stream_->start(this);
    if (!rest.empty()) on_data(rest);
  }

  void write(ByteChain event) override {
    if (open()) stream_->write(net::websocket_frame(net::WebSocketOpcode::kText, std::move(event)));
  }

  void end() override { close(kNormalClosure); }
  void abort() override {
    if (stream_) stream_->close();
  }

  std::size_t queued_bytes() const override { return stream_ && !gone_ ? stream_->queued_bytes() : 0; }
  void on_drained(Task task) override { drained_ = std::move(task); }
  void on_closed(Task task) override {
    if (gone_) return loop().post(std::move(task));
    closed_ = std::move(task);
  }
  bool closed() const override { return stream_ || gone_ ? !open() : inner_->closed(); }
  Loop& loop() override { return inner_->loop(); }
  std::unique_ptr<Stream> upgrade(net::Headers, std::string&) override { return nullptr; }

  void on_data(std::string_view bytes) override {
    const auto self = shared_from_this();
    auto fed = reader_.feed(bytes, [this](net::WebSocketOpcode opcode, std::string_view payload) {
      if (opcode == net::WebSocketOpcode::kPing && open()) {
        stream_->write(net::websocket_frame(net::WebSocketOpcode::kPong, {SharedBytes(std::string(payload))}));
      } else if (opcode == net::WebSocketOpcode::kClose) {
        client_left(kNormalClosure);
      }
    });
    if (!fed.ok()) client_left(kProtocolError);
  }

  void on_drained() override {
    if (!drained_) return;
    const auto self = shared_from_this();
    Task task = std::move(drained_);
    task();
    if (!drained_ && open()) drained_ = std::move(task);
  }

  void on_read_closed() override {
    const auto self = shared_from_this();
    client_left(kNormalClosure);
  }

  void on_closed() override {
    const auto self = shared_from_this();
    gone_ = true;
    if (grace_ != 0) loop().cancel(grace_);
    grace_ = 0;
    drained_ = nullptr;
    if (const Task task = std::move(closed_)) task();
  }

 private:
  bool open() const { return stream_ && !gone_ && !closing_; }

  // Says goodbye and lets the stream go; the timer owns this object until the client has answered or its time is over.
  void close(std::uint16_t code) {
    if (!open()) return;
    closing_ = true;
    stream_->write(net::websocket_close(code));
    stream_->shutdown_write();
    grace_ = loop().after(kCloseGrace, [self = shared_from_this()] {
      self->grace_ = 0;
      self->stream_->close();
    });
  }

  void client_left(std::uint16_t code) {
    close(code);
    if (const Task task = std::move(closed_)) task();
  }

  std::shared_ptr<net::Responder> inner_;
  net::Headers headers_;
  std::unique_ptr<Stream> stream_;  // after begin()
  net::WebSocketReader reader_;
  Task drained_, closed_;
  TimerId grace_ = 0;
  bool closing_ = false, gone_ = false;
};

}  // namespace

Result<std::shared_ptr<net::Responder>> websocket_watch(std::shared_ptr<net::Responder> inner,
                                                        const net::HttpRequest& request) {
  net::Headers headers = TRY(net::websocket_handshake(request));
  return std::shared_ptr<net::Responder>(std::make_shared<WebSocketWatch>(std::move(inner), std::move(headers)));
}

}  // namespace plinth::server
