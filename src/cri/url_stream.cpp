#include "cri/url_stream.h"

#include <fmt/core.h>

namespace plinth::cri {

UrlStream::UrlStream(std::shared_ptr<net::SpdySession> session, StreamingChannels channels)
    : session_(std::move(session)), tty_(channels.tty) {
  session_->start(this);
  open(outcome_, "error");
  if (channels.input) open(input_, "stdin");
  if (channels.output) open(output_, "stdout");
  if (channels.error_output && !tty_) open(error_output_, "stderr");
  if (tty_) open(size_, "resize");
}

UrlStream::~UrlStream() {
  for (Channel* channel : {&input_, &output_, &error_output_, &outcome_, &size_}) channel->stream.reset();
  session_->close();
}

void UrlStream::open(Channel& channel, const char* type) { channel.stream = session_->open_stream({{"streamtype", type}}); }

void UrlStream::start(node::ProcessEvents* events) {
  events_ = events;
  // Nothing is said to these; that they end means nothing.
  for (Channel* channel : {&output_, &error_output_, &outcome_, &input_}) {
    if (channel->stream) channel->stream->start(channel);
  }
}

void UrlStream::write_input(std::string_view bytes) {
  if (input_.stream) input_.stream->write({SharedBytes(std::string(bytes))});
}

// A terminal has no end of its own: it is typed.
void UrlStream::close_input() {
  if (!input_.stream) return;
  if (tty_) return write_input("\x04");
  input_.stream->shutdown_write();
}

void UrlStream::pause_output(bool paused) {
  for (Channel* channel : {&output_, &error_output_}) {
    if (channel->stream) channel->stream->pause_reading(paused);
  }
}

void UrlStream::resize(std::uint16_t width, std::uint16_t height) {
  if (size_.stream) size_.stream->write({SharedBytes(fmt::format(R"({{"Width":{},"Height":{}}})", width, height))});
}

void UrlStream::take(Channel& channel, std::string_view bytes) {
  if (over_) return;
  if (&channel == &output_) return events_->on_output(bytes);
  if (&channel == &error_output_) return events_->on_error_output(bytes);
  if (&channel == &outcome_ && outcome_text_.size() + bytes.size() <= kOutcomeBytesMax) outcome_text_ += bytes;
}

// It is over when the outcome is known and all output has come. A runtime that closes the connection ends them all.
void UrlStream::take_end(Channel& channel) {
  channel.ended = true;
  const auto open = [](const Channel& one) { return one.stream && !one.ended; };
  if (over_ || open(outcome_) || open(output_) || open(error_output_)) return;
  over_ = true;
  if (outcome_text_.empty())
    return events_->on_end(Error(Reason::kServiceUnavailable, "the runtime closed the stream and told no outcome"));
  events_->on_end(read_stream_outcome(outcome_text_));
}

}  // namespace plinth::cri
