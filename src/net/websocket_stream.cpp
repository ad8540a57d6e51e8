#include "net/websocket_stream.h"

namespace plinth::net {
namespace {

constexpr std::uint16_t kNormalClosure = 1000;

class WebSocketStream final : public Stream, private WebSocketEvents {
 public:
  WebSocketStream(std::shared_ptr<WebSocketConnection> connection, PeerInfo peer)
      : connection_(std::move(connection)), peer_(std::move(peer)) {}
  ~WebSocketStream() override { connection_->close(kNormalClosure); }

  void start(StreamEvents* events) override {
    events_ = events;
    if (std::exchange(started_, true)) return;
    connection_->start(this);
  }
  void write(ByteChain bytes) override {
    if (!closed_) connection_->send(WebSocketOpcode::kBinary, std::move(bytes));
  }
  std::size_t queued_bytes() const override { return connection_->queued_bytes(); }
  void pause_reading(bool paused) override { connection_->pause_reading(paused); }
  // A WebSocket has no half of a close.
  void shutdown_write() override { close(); }
  void close() override {
    if (std::exchange(closed_, true)) return;
    connection_->close(kNormalClosure);
    tell_closed_later();
  }
  const PeerInfo& peer() const override { return peer_; }
  Loop& loop() override { return connection_->loop(); }

 private:
  void on_frame(WebSocketOpcode, std::string_view payload) override {
    if (events_ != nullptr && !closed_) events_->on_data(payload);
  }
  void on_drained() override {
    if (events_ != nullptr) events_->on_drained();
  }
  void on_gone() override {
    if (!std::exchange(closed_, true)) tell_closed_later();
  }
  void tell_closed_later() {
    loop().post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired() && events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
    });
  }

  std::shared_ptr<WebSocketConnection> connection_;
  const PeerInfo peer_;
  StreamEvents* events_ = nullptr;
  bool started_ = false, closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Stream> make_websocket_stream(std::shared_ptr<WebSocketConnection> connection, PeerInfo peer) {
  return std::make_unique<WebSocketStream>(std::move(connection), std::move(peer));
}

}  // namespace plinth::net
