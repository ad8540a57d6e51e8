#include "net/spdy_session.h"

#include <algorithm>

namespace plinth::net {
namespace {

constexpr std::size_t kDataFrameMax = 32 * 1024;
// How long the other side may stand still before it has taken our last bytes and closed.
constexpr Duration kLinger = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<SpdySession> SpdySession::make(std::unique_ptr<Stream> connection, std::string received, Side side) {
  return std::make_shared<SpdySession>(std::move(connection), std::move(received), side);
}

SpdySession::SpdySession(std::unique_ptr<Stream> connection, std::string received, Side side)
    : side_(side), connection_(std::move(connection)), received_(std::move(received)) {}

std::unique_ptr<SpdyStream> SpdySession::open_stream(SpdyHeaders headers) {
  last_id_ = last_id_ == 0 ? 1 : last_id_ + 2;
  write(writer_.syn_stream(last_id_, headers));
  auto stream = std::make_unique<SpdyStream>(shared_from_this(), last_id_, std::move(headers));
  if (open_)
    streams_[last_id_] = stream.get();
  else
    stream->lost();
  return stream;
}

void SpdySession::start(SpdySessionEvents* events) {
  events_ = events;
  connection_->start(this);
  if (received_.empty()) return;
  loop().post([self = shared_from_this()] {
    const std::string bytes = std::exchange(self->received_, {});
    self->on_data(bytes);
  });
}

void SpdySession::close() {
  events_ = nullptr;
  if (!open_) return;
  write(writer_.go_away(side_ == Side::kServer ? last_id_ : 0));
  open_ = false;
  connection_->shutdown_write();
  connection_->pause_reading(false);
  linger();
}

// The timer owns this object until the other side has closed or does not move any more.
void SpdySession::linger() {
  queued_at_linger_ = connection_->queued_bytes();
  linger_ = loop().after(kLinger, [self = shared_from_this()] {
    self->linger_ = 0;
    const std::size_t queued = self->connection_->queued_bytes();
    if (queued > 0 && queued != self->queued_at_linger_) return self->linger();
    self->connection_->close();
  });
}

void SpdySession::send_data(std::uint32_t id, ByteChain bytes) {
  if (!open_) return;
  ByteChain out;
  for (const SharedBytes& part : bytes) {
    for (std::size_t at = 0; at < part.size(); at += kDataFrameMax) {
      const std::size_t size = std::min(kDataFrameMax, part.size() - at);
      out.push_back(writer_.data_head(id, size, false));
      out.push_back(part.slice(at, size));
    }
  }
  if (!out.empty()) connection_->write(std::move(out));
}

void SpdySession::send_fin(std::uint32_t id) { write(writer_.data_head(id, 0, true)); }
void SpdySession::send_reset(std::uint32_t id) { write(writer_.reset(id, SpdyStatus::kCancel)); }
void SpdySession::forget(std::uint32_t id) { streams_.erase(id); }

void SpdySession::look_at_unread() {
  if (!open_) return;
  const bool full = std::any_of(streams_.begin(), streams_.end(),
                                [](const auto& entry) { return entry.second->unread_bytes() > kUnreadBytesMax; });
  if (full == paused_) return;
  paused_ = full;
  connection_->pause_reading(full);
}

void SpdySession::on_data(std::string_view bytes) {
  if (!open_) return;
  const auto self = shared_from_this();
  if (!received_.empty()) {  // what was read before the upgrade comes first
    received_ += bytes;
    return;
  }
  auto fed = reader_.feed(bytes, *this);
  if (!fed.ok()) end();
}

void SpdySession::on_syn_stream(std::uint32_t id, bool fin, SpdyHeaders headers) {
  if (!open_) return;
  if (side_ == Side::kClient) return write(writer_.reset(id, SpdyStatus::kRefusedStream));
  if (id % 2 == 0 || id <= last_id_) return write(writer_.reset(id, SpdyStatus::kProtocolError));
  last_id_ = id;
  if (streams_.size() >= kStreamsMax || events_ == nullptr) return write(writer_.reset(id, SpdyStatus::kRefusedStream));
  write(writer_.syn_reply(id, {}));
  auto stream = std::make_unique<SpdyStream>(shared_from_this(), id, std::move(headers));
  streams_[id] = stream.get();
  events_->on_stream(std::move(stream));
  if (fin) on_fin(id);
}

void SpdySession::on_stream_data(std::uint32_t id, std::string_view bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;  // of a stream that has ended here
  it->second->receive(bytes);
  look_at_unread();
}

void SpdySession::on_fin(std::uint32_t id) {
  if (const auto it = streams_.find(id); it != streams_.end()) it->second->receive_fin();
}

void SpdySession::on_reset(std::uint32_t id) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  SpdyStream* stream = it->second;
  streams_.erase(it);
  stream->lost();
}

void SpdySession::on_ping(std::uint32_t id) {
  if (!open_) return;
  if ((id % 2 == 1) != (side_ == Side::kServer)) return;  // an answer to a ping of ours, of which there are none
  if (queued_bytes() > kUnreadAnswersMax) return end();
  write(writer_.ping(id));
}

void SpdySession::on_drained() {
  const auto self = shared_from_this();
  std::vector<std::uint32_t> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, _] : streams_) ids.push_back(id);
  for (const std::uint32_t id : ids) {
    if (const auto it = streams_.find(id); it != streams_.end()) it->second->drained();
  }
}

// Everything that goes on over the connection ends.
void SpdySession::end() {
  const auto self = shared_from_this();
  SpdySessionEvents* events = std::exchange(events_, nullptr);
  close();
  for (const auto& [_, stream] : std::exchange(streams_, {})) stream->lost();
  if (events != nullptr) events->on_gone();
}

void SpdySession::on_read_closed() { end(); }

void SpdySession::on_closed() {
  const auto self = shared_from_this();
  open_ = false;
  if (linger_ != 0) loop().cancel(std::exchange(linger_, 0));
  end();
}

}  // namespace plinth::net
