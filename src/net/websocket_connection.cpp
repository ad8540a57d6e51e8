#include "net/websocket_connection.h"

namespace plinth::net {
namespace {

constexpr std::uint16_t kNormalClosure = 1000, kProtocolError = 1002;
// How long a client may stand still before it has taken our last bytes and closed.
constexpr Duration kLinger = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<WebSocketConnection> WebSocketConnection::make(std::unique_ptr<Stream> stream, std::string received) {
  return std::make_shared<WebSocketConnection>(std::move(stream), std::move(received));
}

WebSocketConnection::WebSocketConnection(std::unique_ptr<Stream> stream, std::string received)
    : stream_(std::move(stream)), received_(std::move(received)) {}

void WebSocketConnection::start(WebSocketEvents* events) {
  events_ = events;
  stream_->start(this);
  if (received_.empty()) return;
  loop().post([self = shared_from_this()] {
    const std::string bytes = std::exchange(self->received_, {});
    self->on_data(bytes);
  });
}

void WebSocketConnection::send(WebSocketOpcode opcode, ByteChain payload) {
  if (open_) stream_->write(websocket_frame(opcode, std::move(payload)));
}

void WebSocketConnection::pause_reading(bool paused) {
  if (open_) stream_->pause_reading(paused);
}

void WebSocketConnection::close(std::uint16_t code) {
  events_ = nullptr;
  if (!open_) return;
  open_ = false;
  stream_->write(websocket_close(code));
  stream_->shutdown_write();
  stream_->pause_reading(false);
  linger();
}

// The timer owns this object until the client has closed or does not move any more.
void WebSocketConnection::linger() {
  queued_at_linger_ = stream_->queued_bytes();
  linger_ = loop().after(kLinger, [self = shared_from_this()] {
    self->linger_ = 0;
    const std::size_t queued = self->stream_->queued_bytes();
    if (queued > 0 && queued != self->queued_at_linger_) return self->linger();
    self->stream_->close();
  });
}

void WebSocketConnection::on_data(std::string_view bytes) {
  if (!open_) return;
  const auto self = shared_from_this();
  if (!received_.empty()) {  // what was read before the upgrade comes first
    received_ += bytes;
    return;
  }
  auto fed = reader_.feed(bytes, [this](WebSocketOpcode opcode, std::string_view payload) { take(opcode, payload); });
  if (!fed.ok()) gone(kProtocolError);
}

void WebSocketConnection::take(WebSocketOpcode opcode, std::string_view payload) {
  if (!open_) return;
  if (opcode == WebSocketOpcode::kPing) {
    if (queued_bytes() > kUnreadAnswersMax) return gone(kProtocolError);
    return send(WebSocketOpcode::kPong, {SharedBytes(std::string(payload))});
  }
  if (opcode == WebSocketOpcode::kClose) return gone(kNormalClosure);
  if (opcode == WebSocketOpcode::kPong) return;
  const bool known =
      opcode == WebSocketOpcode::kText || opcode == WebSocketOpcode::kBinary || opcode == WebSocketOpcode::kContinuation;
  if (!known) return gone(kProtocolError);
  if (events_ != nullptr) events_->on_frame(opcode, payload);
}

void WebSocketConnection::gone(std::uint16_t code) {
  WebSocketEvents* events = std::exchange(events_, nullptr);
  close(code);
  if (events != nullptr) events->on_gone();
}

void WebSocketConnection::on_drained() {
  const auto self = shared_from_this();
  if (events_ != nullptr) events_->on_drained();
}

void WebSocketConnection::on_read_closed() {
  const auto self = shared_from_this();
  gone(kNormalClosure);
}

void WebSocketConnection::on_closed() {
  const auto self = shared_from_this();
  open_ = false;
  if (linger_ != 0) loop().cancel(std::exchange(linger_, 0));
  if (WebSocketEvents* events = std::exchange(events_, nullptr)) events->on_gone();
}

}  // namespace plinth::net
