#include "server/streams/spdy_process.h"

#include <array>

namespace plinth::server {
namespace {

constexpr std::array<std::string_view, 5> kVersions = {"v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io",
                                                       "v2.channel.k8s.io", "channel.k8s.io"};
// In which a client must have opened its streams, as kubelets have it.
constexpr Duration kStreamsTimeout = std::chrono::seconds(30);
constexpr std::size_t kSizeBytesMax = 1024;  // of a terminal's size, as JSON

class SpdyProcess final : public ProcessClient, private net::SpdySessionEvents {
 public:
  // `status_at_end`, `resizes`: what the version of the protocol has.
  SpdyProcess(std::shared_ptr<net::SpdySession> session, bool status_at_end, bool resizes, ProcessStreams streams)
      : session_(std::move(session)), status_at_end_(status_at_end), resizes_(resizes), streams_(streams) {}
  ~SpdyProcess() override {
    *alive_ = false;
    session_->loop().cancel(timer_);
    for (Channel* channel : {&input_, &output_, &error_output_, &end_, &size_}) channel->stream.reset();
    session_->close();
  }

  void start(ProcessClientEvents* events) override {
    events_ = events;
    timer_ = session_->loop().after(kStreamsTimeout, [this] {
      if (!ready_) lost();
    });
    session_->start(this);
  }

  void write_output(SharedBytes bytes) override { write(output_, std::move(bytes)); }
  void write_error_output(SharedBytes bytes) override { write(error_output_, std::move(bytes)); }

  // Every stream gets its end; the connection goes once the client has had time to read them.
  void finish(Result<std::int32_t> exit_code) override {
    events_ = nullptr;
    std::string text = status_at_end_ ? process_end_status(exit_code) : process_end_text(exit_code);
    if (!text.empty()) write(end_, SharedBytes(std::move(text)));
    for (Channel* channel : {&output_, &error_output_, &end_}) {
      if (channel->stream) channel->stream->shutdown_write();
    }
  }

  std::size_t queued_bytes() const override { return session_->queued_bytes(); }
  void pause_input(bool paused) override {
    if (input_.stream) input_.stream->pause_reading(paused);
  }

 private:
  // One of the client's streams; what it says goes to the process that it belongs to.
  struct Channel final : StreamEvents {
    explicit Channel(SpdyProcess& process) : owner(process) {}
    void on_data(std::string_view bytes) override { owner.take(*this, bytes); }
    void on_drained() override {
      if (owner.events_ != nullptr) owner.events_->on_drained();
    }
    void on_read_closed() override { owner.take_end(*this); }
    void on_closed() override {
      stream.reset();
      owner.take_end(*this);
    }
    SpdyProcess& owner;
    std::unique_ptr<net::SpdyStream> stream;
    bool opened = false, ended = false;
  };

  static void write(Channel& channel, SharedBytes bytes) {
    if (channel.stream) channel.stream->write({std::move(bytes)});
  }

  Channel* channel_of(std::string_view type) {
    if (type == "stdin" && streams_.standard_input) return &input_;
    if (type == "stdout" && streams_.standard_output) return &output_;
    if (type == "stderr" && streams_.standard_error) return &error_output_;
    if (type == "error") return &end_;
    if (type == "resize" && streams_.tty && resizes_) return &size_;
    return nullptr;
  }

  void on_stream(std::unique_ptr<net::SpdyStream> stream) override {
    Channel* channel = channel_of(stream->header("streamtype"));
    if (channel == nullptr || channel->opened) return;  // nobody asked for it
    channel->opened = true;
    channel->stream = std::move(stream);
    if (!all_open()) return;
    ready_ = true;
    for (Channel* each : {&input_, &output_, &error_output_, &end_, &size_}) {
      if (each->stream) each->stream->start(each);
    }
    session_->loop().post([this, alive = alive_] {
      if (*alive && events_ != nullptr) events_->on_ready();
    });
  }

  bool all_open() const {
    return end_.opened && (size_.opened || !streams_.tty || !resizes_) && (input_.opened || !streams_.standard_input) &&
           (output_.opened || !streams_.standard_output) && (error_output_.opened || !streams_.standard_error);
  }

  void take(Channel& channel, std::string_view bytes) {
    if (events_ == nullptr) return;
    if (&channel == &input_) return events_->on_input(bytes);
    if (&channel != &size_) return;
    // JSON objects behind each other, cut anywhere.
    size_text_ += bytes;
    for (std::size_t end = size_text_.find('}'); end != std::string::npos; end = size_text_.find('}')) {
      const auto size = parse_terminal_size(size_text_.substr(0, end + 1));
      size_text_.erase(0, end + 1);
      if (size.ok()) events_->on_resize(size->width, size->height);
    }
    if (size_text_.size() > kSizeBytesMax) size_text_.clear();
  }

  void take_end(Channel& channel) {
    if (&channel != &input_ || std::exchange(input_.ended, true) || events_ == nullptr) return;
    events_->on_input_end();
  }

  void lost() {
    if (ProcessClientEvents* events = std::exchange(events_, nullptr)) events->on_gone();
  }
  void on_gone() override { lost(); }

  std::shared_ptr<net::SpdySession> session_;
  const bool status_at_end_, resizes_;
  const ProcessStreams streams_;
  ProcessClientEvents* events_ = nullptr;
  Channel input_{*this}, output_{*this}, error_output_{*this}, end_{*this}, size_{*this};
  std::string size_text_;
  TimerId timer_ = 0;
  bool ready_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::span<const std::string_view> remote_command_versions() { return kVersions; }

std::unique_ptr<ProcessClient> make_spdy_process(std::shared_ptr<net::SpdySession> session, std::string_view version,
                                                 ProcessStreams streams) {
  const bool status_at_end = version.rfind("v5.", 0) == 0 || version.rfind("v4.", 0) == 0;
  const bool resizes = status_at_end || version.rfind("v3.", 0) == 0;
  return std::make_unique<SpdyProcess>(std::move(session), status_at_end, resizes, streams);
}

}  // namespace plinth::server
