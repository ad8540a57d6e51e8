#include "world_real/tcp_stream.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>

namespace plinth::world_real {
namespace {

constexpr std::size_t kVectorsPerCall = 64;
// Reads of one connection before the others get their turn.
constexpr int kReadsPerTurn = 4;
// A peer that vanished without a word is noticed after kKeepAliveIdleS + kKeepAliveProbes * kKeepAliveIntervalS.
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveIntervalS = 10;
constexpr int kKeepAliveProbes = 3;

void set_options(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdleS, sizeof kKeepAliveIdleS);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveIntervalS, sizeof kKeepAliveIntervalS);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof kKeepAliveProbes);
}

}  // namespace

Result<std::unique_ptr<TcpStream>> TcpStream::create(EpollLoop& loop, UniqueFd fd, const SocketAddress& remote) {
  set_options(fd.get());
  std::unique_ptr<TcpStream> stream(new TcpStream(loop, std::move(fd), remote));
  TRY(loop.add(stream->fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, stream.get()));
  return stream;
}

TcpStream::TcpStream(EpollLoop& loop, UniqueFd fd, const SocketAddress& remote) : loop_(loop), fd_(std::move(fd)) {
  peer_.address = remote.text();
  peer_.loopback = remote.loopback();
}

TcpStream::~TcpStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.unschedule(this);
  if (fd_.valid()) loop_.remove(fd_.get(), this);
}

void TcpStream::start(StreamEvents* events) {
  events_ = events;
  if (events != nullptr && (readable_ || !fd_.valid())) loop_.schedule(this);
}

void TcpStream::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused && readable_) loop_.schedule(this);
}

void TcpStream::write(ByteChain bytes) {
  if (!fd_.valid() || write_ending_) return;
  for (SharedBytes& part : bytes) {
    if (part.empty()) continue;
    queued_ += part.size();
    queue_.push_back(std::move(part));
  }
  if (!write_blocked_) flush();
}

void TcpStream::shutdown_write() {
  if (!fd_.valid() || write_ending_) return;
  write_ending_ = true;
  if (!write_blocked_) flush();
}

void TcpStream::close() {
  if (!fd_.valid()) return;
  loop_.remove(fd_.get(), this);
  fd_.reset();
  queue_ = {};
  queue_first_ = 0;
  queued_ = 0;
  loop_.schedule(this);
}

void TcpStream::on_io(std::uint32_t events) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (handle(events) == Alive::kYes) destroyed_ = nullptr;
}

TcpStream::Alive TcpStream::handle(std::uint32_t events) {
  bool& destroyed = *destroyed_;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hang_up_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & EPOLLERR) != 0 && !may_read()) close();  // nobody would read the error
  if ((events & EPOLLOUT) != 0 && fd_.valid()) {
    if (flush_and_tell() == Alive::kNo) return Alive::kNo;
  }
  if (fd_.valid() && may_read()) {
    if (read_some() == Alive::kNo) return Alive::kNo;
  }
  // The close is told in a call of its own, never from within the call that closed.
  if (!fd_.valid() && events_ != nullptr && !closed_told_ && events == 0) {
    closed_told_ = true;
    events_->on_closed();
  }
  return destroyed ? Alive::kNo : Alive::kYes;
}

TcpStream::Alive TcpStream::flush_and_tell() {
  if (!write_blocked_) return Alive::kYes;
  write_blocked_ = false;
  bool& destroyed = *destroyed_;
  flush();
  if (fd_.valid() && !write_blocked_ && events_ != nullptr) events_->on_drained();
  return destroyed ? Alive::kNo : Alive::kYes;
}

void TcpStream::flush() {
  while (queue_first_ < queue_.size()) {
    iovec vectors[kVectorsPerCall];
    const std::size_t count = std::min(queue_.size() - queue_first_, kVectorsPerCall);
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view part = queue_[queue_first_ + i].view();
      if (i == 0) part.remove_prefix(first_offset_);
      vectors[i] = {const_cast<char*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      write_blocked_ = true;
      return;
    }
    if (n < 0) return close();
    consume(static_cast<std::size_t>(n));
  }
  if (queue_.capacity() > kVectorsPerCall) queue_ = {};
  queue_.clear();
  queue_first_ = 0;
  if (write_ending_ && !write_ended_) {
    write_ended_ = true;
    ::shutdown(fd_.get(), SHUT_WR);
    if (read_closed_) close();
  }
}

void TcpStream::consume(std::size_t written) {
  queued_ -= written;
  while (written > 0) {
    SharedBytes& first = queue_[queue_first_];
    const std::size_t left = first.size() - first_offset_;
    if (written < left) {
      first_offset_ += written;
      break;
    }
    written -= left;
    first = SharedBytes();  // let go of the bytes now, not when the whole queue is sent
    ++queue_first_;
    first_offset_ = 0;
  }
  // A long-lived queue that never empties must not grow at its front.
  if (queue_first_ >= kVectorsPerCall && queue_first_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_first_));
    queue_first_ = 0;
  }
}

TcpStream::Alive TcpStream::read_some() {
  bool& destroyed = *destroyed_;
  const std::span<char> buffer = loop_.read_buffer();
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      readable_ = false;
      return Alive::kYes;
    }
    if (n < 0) {
      close();
      return Alive::kYes;
    }
    if (n == 0) return finish_reading();
    // A short read emptied the socket, unless the end of the input is still to be read.
    const bool emptied = static_cast<std::size_t>(n) < buffer.size() && !hang_up_;
    if (emptied) readable_ = false;
    events_->on_data({buffer.data(), static_cast<std::size_t>(n)});
    if (destroyed) return Alive::kNo;
    if (emptied || !fd_.valid() || !may_read()) return Alive::kYes;
  }
  loop_.schedule(this);
  return Alive::kYes;
}

TcpStream::Alive TcpStream::finish_reading() {
  bool& destroyed = *destroyed_;
  readable_ = false;
  read_closed_ = true;
  events_->on_read_closed();
  if (destroyed) return Alive::kNo;
  if (write_ended_) close();
  return Alive::kYes;
}

}  // namespace plinth::world_real
