#include <algorithm>

#include "net/spdy_session.h"

namespace plinth::net {

SpdyStream::~SpdyStream() {
  *alive_ = false;
  if (!closed_) {
    if (!fin_sent_) session_->send_reset(id_);  // what was sent before an end is not called back
    session_->forget(id_);
  }
  unread_.clear();
  session_->look_at_unread();
}

std::string SpdyStream::header(std::string_view name) const {
  for (const auto& [there, value] : headers_) {
    const bool same = there.size() == name.size() && std::equal(there.begin(), there.end(), name.begin(), [](char a, char b) {
                        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
                      });
    if (same) return value.substr(0, value.find('\0'));  // several values stand behind each other, zero bytes between
  }
  return "";
}

void SpdyStream::start(StreamEvents* events) {
  events_ = events;
  deliver_later();
}

void SpdyStream::write(ByteChain bytes) {
  if (closed_ || fin_sent_) return;
  session_->send_data(id_, std::move(bytes));
  if (session_->queued_bytes() > 0) owes_drained_ = true;
}

void SpdyStream::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused) deliver_later();
}

void SpdyStream::shutdown_write() {
  if (closed_ || fin_sent_) return;
  fin_sent_ = true;
  session_->send_fin(id_);
  if (fin_received_) deliver_later();
}

void SpdyStream::close() {
  if (closed_) return;
  session_->send_reset(id_);
  unread_.clear();
  end();
  deliver_later();
}

void SpdyStream::receive(std::string_view bytes) {
  if (closed_ || fin_received_) return;
  unread_ += bytes;
  deliver();
}

void SpdyStream::receive_fin() {
  fin_received_ = true;
  deliver();
}

void SpdyStream::drained() {
  if (!owes_drained_) return;
  owes_drained_ = false;
  if (events_ != nullptr) events_->on_drained();
}

void SpdyStream::lost() {
  closed_ = true;
  deliver_later();
}

void SpdyStream::end() {
  closed_ = true;
  session_->forget(id_);
}

void SpdyStream::deliver_later() {
  if (delivering_) return;
  delivering_ = true;
  loop().post([this, alive = alive_] {
    if (!*alive) return;
    delivering_ = false;
    deliver();
  });
}

void SpdyStream::deliver() {
  const auto alive = alive_;
  if (events_ != nullptr && !paused_ && !unread_.empty()) {
    const std::string bytes = std::exchange(unread_, {});
    events_->on_data(bytes);
    if (!*alive) return;
    session_->look_at_unread();
  }
  if (events_ == nullptr) return;
  if (unread_.empty() && fin_received_ && !fin_told_ && !closed_) {
    fin_told_ = true;
    events_->on_read_closed();
    if (!*alive) return;
  }
  if (!closed_ && fin_told_ && fin_sent_) end();
  if (closed_ && !close_told_ && (unread_.empty() || !paused_) && events_ != nullptr) {
    close_told_ = true;
    events_->on_closed();
  }
}

}  // namespace plinth::net
