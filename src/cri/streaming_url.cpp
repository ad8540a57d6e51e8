#include "cri/streaming_url.h"

#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "base/json.h"
#include "cri/url_stream.h"

namespace plinth::cri {
namespace {

using StreamReady = node::Done<std::unique_ptr<node::ProcessStream>>;

constexpr Duration kConnectTimeout = std::chrono::seconds(10);
constexpr std::size_t kHeadBytesMax = 16 * 1024;

// The step from HTTP to SPDY. Lives until `done` has been called, or its time is over.
class Handshake final : private StreamEvents, public std::enable_shared_from_this<Handshake> {
 public:
  Handshake(StreamingParts parts, StreamingChannels channels, StreamReady done)
      : parts_(parts), channels_(channels), done_(std::move(done)) {}

  void begin(std::unique_ptr<Stream> stream, const StreamingUrl& url) {
    stream_ = std::move(stream);
    timer_ = parts_.loop->after(kConnectTimeout, [self = shared_from_this(), address = url.address] {
      self->timer_ = 0;
      self->end(Error(Reason::kTimeout, fmt::format("{} does not answer", address)));
    });
    stream_->start(this);
    stream_->write({SharedBytes(
        fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                    "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n",
                    url.target, url.address))});
  }

 private:
  void on_data(std::string_view bytes) override {
    received_ += bytes;
    const std::size_t head = received_.find("\r\n\r\n");
    if (over_ || (head == std::string::npos && received_.size() <= kHeadBytesMax)) return;
    if (head == std::string::npos) return refused("its answer has no end");
    if (!received_.starts_with("HTTP/1.1 101")) return refused(received_.substr(0, received_.find("\r\n")));
    received_.erase(0, head + 4);
    end({});
  }
  void on_read_closed() override { on_closed(); }
  void on_closed() override {
    lost_ = true;
    refused("the connection was closed");
  }
  void refused(const std::string& why) {
    end(Error(Reason::kServiceUnavailable, "the runtime's stream does not open: " + why));
  }

  // The rest later: this may run inside of the stream.
  void end(Result<void> outcome) {
    if (std::exchange(over_, true)) return;
    auto self = shared_from_this();  // the timer held it
    if (timer_ != 0) parts_.loop->cancel(std::exchange(timer_, 0));
    parts_.loop->post([self = std::move(self), outcome = std::make_shared<Result<void>>(std::move(outcome))] {
      if (outcome->ok() && self->lost_) *outcome = Error(Reason::kServiceUnavailable, "the runtime closed the stream at once");
      if (!outcome->ok()) {
        self->stream_.reset();
        return self->done_(std::move(*outcome).error());
      }
      auto session =
          net::SpdySession::make(std::move(self->stream_), std::move(self->received_), net::SpdySession::Side::kClient);
      self->done_(std::unique_ptr<node::ProcessStream>(std::make_unique<UrlStream>(std::move(session), self->channels_)));
    });
  }

  const StreamingParts parts_;
  const StreamingChannels channels_;
  StreamReady done_;
  std::unique_ptr<Stream> stream_;
  std::string received_;
  TimerId timer_ = 0;
  bool over_ = false, lost_ = false;
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

void open_streaming_url(StreamingParts parts, StreamingUrl url, StreamingChannels channels, StreamReady done) {
  parts.network->connect(
      *parts.loop, url.address, nullptr, "", kConnectTimeout,
      [parts, url, channels, done = std::make_shared<StreamReady>(std::move(done))](Result<std::unique_ptr<Stream>> stream) {
        if (!stream.ok()) return (*done)(std::move(stream).error());
        std::make_shared<Handshake>(parts, channels, std::move(*done))->begin(std::move(*stream), url);
      });
}

}  // namespace plinth::cri
