#include "server/streams/websocket_process.h"

#include <array>

#include "base/base64.h"

namespace plinth::server {
namespace {

using net::WebSocketOpcode;

enum Channel : unsigned char { kInput = 0, kOutput = 1, kErrorOutput = 2, kEnd = 3, kSize = 4, kCloseChannel = 255 };
constexpr std::uint16_t kNormalClosure = 1000;
constexpr std::array<std::string_view, 5> kSubprotocols = {"v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io",
                                                           "channel.k8s.io", "base64.channel.k8s.io"};

class WebSocketProcess final : public ProcessClient, private net::WebSocketEvents {
 public:
  WebSocketProcess(std::shared_ptr<net::WebSocketConnection> connection, ChannelProtocol protocol, ProcessStreams streams)
      : connection_(std::move(connection)), protocol_(protocol), streams_(streams) {}
  ~WebSocketProcess() override {
    *alive_ = false;
    connection_->close(kNormalClosure);
  }

  void start(ProcessClientEvents* events) override {
    events_ = events;
    connection_->start(this);
    // Clients wait for the first message to know that they are connected.
    send(streams_.standard_output ? kOutput : streams_.standard_error && !streams_.tty ? kErrorOutput : kEnd, {});
    connection_->loop().post([this, alive = alive_] {
      if (*alive && events_ != nullptr) events_->on_ready();
    });
  }
  void write_output(SharedBytes bytes) override {
    if (streams_.standard_output) send(kOutput, std::move(bytes));
  }
  void write_error_output(SharedBytes bytes) override {
    if (streams_.standard_error) send(kErrorOutput, std::move(bytes));
  }
  void finish(Result<std::int32_t> exit_code) override {
    events_ = nullptr;
    std::string text = protocol_.status_at_end ? process_end_status(exit_code) : process_end_text(exit_code);
    if (!text.empty()) send(kEnd, SharedBytes(std::move(text)));
    connection_->close(kNormalClosure);
  }
  std::size_t queued_bytes() const override { return connection_->queued_bytes(); }
  void pause_input(bool paused) override { connection_->pause_reading(paused); }

 private:
  void send(Channel channel, SharedBytes bytes) {
    if (protocol_.base64) {
      std::string text(1, static_cast<char>('0' + channel));
      text += base64_encode(bytes.view());
      return connection_->send(WebSocketOpcode::kText, {SharedBytes(std::move(text))});
    }
    connection_->send(WebSocketOpcode::kBinary, {SharedBytes(std::string(1, static_cast<char>(channel))), std::move(bytes)});
  }

  // A message in several frames has its channel in the first of them that is not empty.
  void on_frame(WebSocketOpcode opcode, std::string_view payload) override {
    const bool begins = opcode != WebSocketOpcode::kContinuation;
    if (begins) channel_.reset();
    if (payload.empty()) return;
    bool continues = channel_.has_value();
    if (!continues) {
      channel_ = static_cast<unsigned char>(payload[0]);
      if (protocol_.base64) channel_ = static_cast<unsigned char>(*channel_ - '0');
      payload.remove_prefix(1);
    }
    if (!protocol_.base64) return take(*channel_, payload, continues);
    const auto decoded = base64_decode(payload);
    if (decoded)
      take(*channel_, *decoded, continues);
    else
      lost();
  }

  void take(unsigned char channel, std::string_view bytes, bool continues) {
    if (channel == kInput) {
      if (streams_.standard_input && !input_ended_ && !bytes.empty()) events_->on_input(bytes);
    } else if (channel == kSize && !continues) {
      const auto size = parse_terminal_size(bytes);
      if (size.ok()) events_->on_resize(size->width, size->height);
    } else if (channel == kCloseChannel && protocol_.ends_channels && bytes.size() == 1 && bytes[0] == kInput &&
               !input_ended_) {
      input_ended_ = true;
      events_->on_input_end();
    }
  }

  void lost() {
    if (ProcessClientEvents* events = std::exchange(events_, nullptr)) events->on_gone();
  }
  void on_drained() override {
    if (events_ != nullptr) events_->on_drained();
  }
  void on_gone() override { lost(); }

  std::shared_ptr<net::WebSocketConnection> connection_;
  const ChannelProtocol protocol_;
  const ProcessStreams streams_;
  ProcessClientEvents* events_ = nullptr;
  std::optional<unsigned char> channel_;  // of the message under way
  bool input_ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::span<const std::string_view> channel_subprotocols() { return kSubprotocols; }

ChannelProtocol channel_protocol(std::string_view subprotocol) {
  ChannelProtocol protocol;
  protocol.base64 = subprotocol.find("base64") != std::string_view::npos;
  protocol.ends_channels = subprotocol == "v5.channel.k8s.io";
  protocol.status_at_end = protocol.ends_channels || subprotocol.rfind("v4.", 0) == 0;
  return protocol;
}

std::unique_ptr<ProcessClient> make_websocket_process(std::shared_ptr<net::WebSocketConnection> connection,
                                                      ChannelProtocol protocol, ProcessStreams streams) {
  return std::make_unique<WebSocketProcess>(std::move(connection), protocol, streams);
}

}  // namespace plinth::server
