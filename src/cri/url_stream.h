// A process behind a runtime's streaming address, once that address speaks SPDY. For .cpp files of cri only.
#pragma once

#include <optional>
#include <string>

#include "cri/streaming_url.h"
#include "net/spdy_session.h"

namespace plinth::cri {

// Destroying it cuts the connection. On the session's loop.
class UrlStream final : public node::ProcessStream, private net::SpdySessionEvents {
 public:
  static constexpr std::size_t kOutcomeBytesMax = 64 * 1024;

  // Opens the streams at once: the runtime waits for them.
  UrlStream(std::shared_ptr<net::SpdySession> session, StreamingChannels channels);
  ~UrlStream() override;

  void start(node::ProcessEvents* events) override;
  void write_input(std::string_view bytes) override;
  std::size_t queued_input_bytes() const override { return session_->queued_bytes(); }
  void close_input() override;
  void pause_output(bool paused) override;
  void resize(std::uint16_t width, std::uint16_t height) override;

 private:
  struct Channel final : StreamEvents {
    explicit Channel(UrlStream& stream) : owner(stream) {}
    void on_data(std::string_view bytes) override { owner.take(*this, bytes); }
    void on_drained() override {
      if (this == &owner.input_) owner.events_->on_input_drained();
    }
    void on_read_closed() override { owner.take_end(*this); }
    void on_closed() override { owner.take_end(*this); }
    UrlStream& owner;
    std::unique_ptr<net::SpdyStream> stream;
    bool ended = false;
  };

  void open(Channel& channel, const char* type);
  void take(Channel& channel, std::string_view bytes);
  void take_end(Channel& channel);
  void on_stream(std::unique_ptr<net::SpdyStream>) override {}  // a runtime opens none
  void on_gone() override {}                                    // the streams have been told

  std::shared_ptr<net::SpdySession> session_;
  const bool tty_;
  node::ProcessEvents* events_ = nullptr;
  Channel input_{*this}, output_{*this}, error_output_{*this}, outcome_{*this}, size_{*this};
  std::string outcome_text_;
  bool over_ = false;
};

}  // namespace plinth::cri
