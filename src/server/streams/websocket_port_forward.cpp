#include "server/streams/websocket_port_forward.h"

#include "base/base64.h"

namespace plinth::server {
namespace {

using net::WebSocketOpcode;

constexpr std::uint16_t kNormalClosure = 1000;

// The connection, shared by the ports that outlive the request's object.
struct Wire {
  Wire(std::shared_ptr<net::WebSocketConnection> given, bool text, PeerInfo from)
      : connection(std::move(given)), base64(text), peer(std::move(from)) {}
  void send(std::size_t channel, const ByteChain& bytes) {
    if (base64) {
      std::string text(1, static_cast<char>('0' + channel));
      text += base64_encode(flatten(bytes));
      return connection->send(WebSocketOpcode::kText, {SharedBytes(std::move(text))});
    }
    ByteChain out = {SharedBytes(std::string(1, static_cast<char>(channel)))};
    out.insert(out.end(), bytes.begin(), bytes.end());
    connection->send(WebSocketOpcode::kBinary, std::move(out));
  }
  std::shared_ptr<net::WebSocketConnection> connection;
  const bool base64;
  const PeerInfo peer;
};

// The data channel of one port. There is no half of a close: the end of one port's data is told by the end of the connection.
class PortStream final : public Stream {
 public:
  PortStream(std::shared_ptr<Wire> wire, std::size_t channel) : wire_(std::move(wire)), channel_(channel) {}
  ~PortStream() override {
    *alive_ = false;
    if (on_end) on_end();
  }
  void start(StreamEvents* events) override {
    events_ = events;
    deliver_later();
  }
  void write(ByteChain bytes) override {
    if (!closed_ && !bytes.empty()) wire_->send(channel_, bytes);
  }
  std::size_t queued_bytes() const override { return wire_->connection->queued_bytes(); }
  void pause_reading(bool paused) override { wire_->connection->pause_reading(paused); }
  void shutdown_write() override {}
  void close() override {
    closed_ = true;
    deliver_later();
  }
  const PeerInfo& peer() const override { return wire_->peer; }
  Loop& loop() override { return wire_->connection->loop(); }

  void receive(std::string_view bytes) {
    if (events_ != nullptr && early_.empty()) return events_->on_data(bytes);
    early_ += bytes;
    if (early_.size() > kEarlyMax) close();
  }
  void drained() {
    if (events_ != nullptr) events_->on_drained();
  }
  UniqueFunction<void()> on_end;

 private:
  static constexpr std::size_t kEarlyMax = 1024 * 1024;  // before the pod is connected

  void deliver_later() {
    loop().post([this, alive = alive_] {
      if (!*alive || events_ == nullptr) return;
      const std::string bytes = std::exchange(early_, {});
      if (!bytes.empty() && !closed_) events_->on_data(bytes);
      if (*alive && closed_ && events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
    });
  }

  std::shared_ptr<Wire> wire_;
  const std::size_t channel_;
  StreamEvents* events_ = nullptr;
  std::string early_;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class WebSocketPortForward final : public PortForwardClient, private net::WebSocketEvents {
 public:
  WebSocketPortForward(std::shared_ptr<Wire> wire, std::vector<std::uint16_t> ports)
      : wire_(std::move(wire)), ports_(std::move(ports)) {}
  ~WebSocketPortForward() override {
    *alive_ = false;
    wire_->connection->close(kNormalClosure);
    for (PortStream* stream : streams_) {
      if (stream != nullptr) stream->close();
    }
  }

  void start(PortForwardEvents* events) override {
    events_ = events;
    wire_->connection->start(this);
    streams_.resize(ports_.size());
    open_ = ports_.size();
    for (std::size_t i = 0; i < ports_.size(); ++i) open(i);
  }

 private:
  void open(std::size_t i) {
    const std::string number = {static_cast<char>(ports_[i] & 0xFF), static_cast<char>(ports_[i] >> 8)};
    wire_->send(2 * i, {SharedBytes(number)});
    wire_->send(2 * i + 1, {SharedBytes(number)});
    auto stream = std::make_unique<PortStream>(wire_, 2 * i);
    streams_[i] = stream.get();
    stream->on_end = [this, i, alive = alive_] {
      if (*alive) ended(i);
    };
    ForwardedConnection connection;
    connection.port = ports_[i];
    connection.data = std::move(stream);
    connection.end = [wire = wire_, i](std::string problem) {
      if (!problem.empty()) wire->send(2 * i + 1, {SharedBytes(std::move(problem))});
    };
    if (events_ != nullptr) events_->on_connection(std::move(connection));
  }

  // With its last port the connection ends.
  void ended(std::size_t i) {
    streams_[i] = nullptr;
    if (--open_ > 0) return;
    wire_->connection->loop().post([this, alive = alive_] {
      if (*alive) lost();
    });
  }

  void on_frame(WebSocketOpcode opcode, std::string_view payload) override {
    if (opcode != WebSocketOpcode::kContinuation) channel_ = kNone;
    if (payload.empty()) return;
    if (channel_ == kNone) {
      channel_ = static_cast<std::size_t>(static_cast<unsigned char>(payload[0])) - (wire_->base64 ? '0' : 0u);
      payload.remove_prefix(1);
    }
    if (channel_ % 2 != 0 || channel_ / 2 >= streams_.size() || streams_[channel_ / 2] == nullptr || payload.empty()) return;
    PortStream& stream = *streams_[channel_ / 2];
    if (!wire_->base64) return stream.receive(payload);
    if (const auto decoded = base64_decode(payload))
      stream.receive(*decoded);
    else
      lost();
  }
  void on_drained() override {
    const auto alive = alive_;
    const std::size_t count = streams_.size();
    for (std::size_t i = 0; *alive && i < count; ++i) {
      if (streams_[i] != nullptr) streams_[i]->drained();
    }
  }
  void on_gone() override { lost(); }
  void lost() {
    if (PortForwardEvents* events = std::exchange(events_, nullptr)) events->on_gone();
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::shared_ptr<Wire> wire_;
  const std::vector<std::uint16_t> ports_;
  PortForwardEvents* events_ = nullptr;
  std::vector<PortStream*> streams_;  // by port; null once it has ended
  std::size_t open_ = 0, channel_ = kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PortForwardClient> make_websocket_port_forward(std::shared_ptr<net::WebSocketConnection> connection,
                                                               bool base64, PeerInfo peer, std::vector<std::uint16_t> ports) {
  return std::make_unique<WebSocketPortForward>(std::make_shared<Wire>(std::move(connection), base64, std::move(peer)),
                                                std::move(ports));
}

}  // namespace plinth::server
