#include "cri/streaming_url.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/base64.h"
#include "base/json.h"
#include "cri/websocket_client.h"

namespace plinth::cri {
namespace {

constexpr Duration kConnectTimeout = std::chrono::seconds(10);
constexpr std::size_t kHeadBytesMax = 16 * 1024;
enum Channel : char { kInput = 0, kOutput = 1, kErrorOutput = 2, kOutcome = 3, kSize = 4 };

std::string random_key(Entropy& entropy) {
  std::array<unsigned char, 16> bytes;
  entropy.fill(bytes);
  return base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string upgrade_request(const StreamingUrl& url, const std::string& key) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n",
      url.target, url.address, key);
}

class UrlStream final : public node::ProcessStream, private StreamEvents {
 public:
  UrlStream(StreamingParts parts, std::unique_ptr<Stream> stream, bool tty) : parts_(parts), stream_(std::move(stream)), tty_(tty) {}
  ~UrlStream() override { *alive_ = false; }

  // The handshake; `opened` runs once.
  void open(const StreamingUrl& url, UniqueFunction<void(Result<void>)> opened) {
    opened_ = std::move(opened);
    stream_->start(this);
    stream_->write({SharedBytes(upgrade_request(url, random_key(*parts_.entropy)))});
  }

  void start(node::ProcessEvents* events) override {
    events_ = events;
    stream_->start(this);
    parts_.loop->post([this, alive = alive_] {
      if (*alive) take_frames();
    });
  }
  void write_input(std::string_view bytes) override { send(kInput, bytes); }
  std::size_t queued_input_bytes() const override { return stream_->queued_bytes(); }
  void close_input() override {
    if (tty_) return send(kInput, "\x04");
    stream_->write({SharedBytes(websocket_client_frame(WebSocketOpcode::kClose, "", *parts_.entropy))});
    stream_->shutdown_write();
  }
  void pause_output(bool paused) override { stream_->pause_reading(paused); }
  void resize(std::uint16_t width, std::uint16_t height) override {
    send(kSize, fmt::format(R"({{"Width":{},"Height":{}}})", width, height));
  }

 private:
  using WebSocketOpcode = net::WebSocketOpcode;

  void send(char channel, std::string_view bytes) {
    std::string payload(1, channel);
    payload += bytes;
    stream_->write({SharedBytes(websocket_client_frame(WebSocketOpcode::kBinary, payload, *parts_.entropy))});
  }

  void on_data(std::string_view bytes) override {
    input_ += bytes;
    if (opened_) return take_head();
    if (events_ != nullptr) take_frames();
  }
  void on_drained() override {
    if (events_ != nullptr) events_->on_input_drained();
  }
  void on_read_closed() override { connection_over(); }
  void on_closed() override { connection_over(); }

  void take_head() {
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (input_.size() > kHeadBytesMax) fail_open("its answer has no end");
      return;
    }
    if (!input_.starts_with("HTTP/1.1 101")) return fail_open(input_.substr(0, input_.find("\r\n")));
    input_.erase(0, end + 4);
    stream_->start(nullptr);  // parked until somebody listens
    std::exchange(opened_, nullptr)({});
  }

  void fail_open(const std::string& why) {
    std::exchange(opened_, nullptr)(Error(Reason::kServiceUnavailable, "the runtime's stream does not open: " + why));
  }

  void take_frames() {
    const std::shared_ptr<bool> alive = alive_;
    while (*alive && !ended_) {
      auto frame = take_server_frame(input_);
      if (!frame.ok()) {
        outcome_.emplace(std::move(frame).error());
        return finish();
      }
      if (!frame->has_value()) return;
      take_frame((*frame)->opcode, (*frame)->payload);
    }
  }

  void take_frame(WebSocketOpcode opcode, const std::string& payload) {
    if (opcode == WebSocketOpcode::kClose) return finish();
    if (opcode == WebSocketOpcode::kPing) {
      stream_->write({SharedBytes(websocket_client_frame(WebSocketOpcode::kPong, payload, *parts_.entropy))});
    }
    if ((opcode != WebSocketOpcode::kBinary && opcode != WebSocketOpcode::kText) || payload.size() < 2) return;
    const std::string_view bytes = std::string_view(payload).substr(1);
    if (payload[0] == kOutput) events_->on_output(bytes);
    if (payload[0] == kErrorOutput) events_->on_error_output(bytes);
    if (payload[0] == kOutcome) outcome_.emplace(read_stream_outcome(bytes));
  }

  // What came before the end is still delivered: frames are taken as they come, once somebody listens.
  void connection_over() {
    if (opened_) return fail_open("the connection was closed");
    finish();
  }

  void finish() {
    if (std::exchange(ended_, true)) return;
    events_->on_end(outcome_ ? std::move(*outcome_) : Result<std::int32_t>(0));
  }

  StreamingParts parts_;
  std::unique_ptr<Stream> stream_;
  bool tty_;
  UniqueFunction<void(Result<void>)> opened_;
  node::ProcessEvents* events_ = nullptr;
  std::string input_;
  std::optional<Result<std::int32_t>> outcome_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool ended_ = false;
};

}  // namespace

Result<StreamingUrl> parse_streaming_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const std::size_t slash = url.find('/', kScheme.size());
  if (!url.starts_with(kScheme) || slash == std::string::npos || slash == kScheme.size()) {
    return bad_request(fmt::format("the runtime's streaming address \"{}\" is no http:// URL", url));
  }
  if (url.find_first_of(" \r\n") != std::string::npos) return bad_request("the runtime's streaming address has spaces in it");
  return StreamingUrl{url.substr(kScheme.size(), slash - kScheme.size()), url.substr(slash)};
}

Result<std::int32_t> read_stream_outcome(std::string_view message) {
  const auto parsed = parse_json(message);
  if (!parsed.ok() || !parsed->root().is_object()) return internal_error(std::string(message));
  const Value status = parsed->root();
  if (status["status"].as_string() == "Success") return 0;
  for (const Value& cause : status["details"]["causes"].items()) {
    if (cause["reason"].as_string() != "ExitCode") continue;
    const std::string_view text = cause["message"].as_string();
    std::int32_t code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (error == std::errc() && end == text.data() + text.size()) return code;
  }
  return internal_error(std::string(status["message"].as_string()));
}

void open_streaming_url(StreamingParts parts, StreamingUrl url, bool tty, node::Done<std::unique_ptr<node::ProcessStream>> done) {
  parts.network->connect(
      *parts.loop, url.address, nullptr, "", kConnectTimeout,
      [parts, url, tty, done = std::make_shared<node::Done<std::unique_ptr<node::ProcessStream>>>(std::move(done))](
          Result<std::unique_ptr<Stream>> stream) {
        if (!stream.ok()) return (*done)(std::move(stream).error());
        // Lives by its timer or its callback until the handshake is over.
        auto holder = std::make_shared<std::unique_ptr<UrlStream>>(std::make_unique<UrlStream>(parts, std::move(*stream), tty));
        auto timer = std::make_shared<TimerId>(parts.loop->after(kConnectTimeout, [holder, done, url] {
          if (!*holder) return;
          holder->reset();
          (*done)(Error(Reason::kTimeout, fmt::format("{} does not answer", url.address)));
        }));
        (*holder)->open(url, [parts, holder, timer, done](Result<void> opened) {
          parts.loop->cancel(*timer);
          // Later: this runs inside of the stream.
          parts.loop->post([holder, done, outcome = std::make_shared<Result<void>>(std::move(opened))] {
            auto stream_ready = std::move(*holder);
            if (!stream_ready) return;
            if (!outcome->ok()) return (*done)(std::move(*outcome).error());
            (*done)(std::unique_ptr<node::ProcessStream>(std::move(stream_ready)));
          });
        });
      });
}

}  // namespace plinth::cri
