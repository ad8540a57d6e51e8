#include "world_real/pipe_stream.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>

namespace plinth::world_real {
namespace {

constexpr int kReadsPerTurn = 4;

void set_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

PipeReader::PipeReader(EpollLoop& loop, UniqueFd fd, UniqueFunction<void(std::string_view)> on_data, Task on_end)
    : loop_(loop), fd_(std::move(fd)), on_data_(std::move(on_data)), on_end_(std::move(on_end)) {
  set_non_blocking(fd_.get());
}

PipeReader::~PipeReader() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.unschedule(this);
  if (started_ && fd_.valid()) loop_.remove(fd_.get(), this);
}

void PipeReader::start() {
  started_ = loop_.add(fd_.get(), EPOLLIN | EPOLLET, this).ok();
  loop_.schedule(this);
}

void PipeReader::pause(bool paused) {
  paused_ = paused;
  if (started_ && !paused) loop_.schedule(this);
}

void PipeReader::on_io(std::uint32_t) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  const std::span<char> buffer = loop_.read_buffer();
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    if (paused_ || !fd_.valid()) break;
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {  // a terminal whose program has ended reads as EIO
      loop_.remove(fd_.get(), this);
      fd_.reset();
      on_end_();
      if (destroyed) return;
      break;
    }
    on_data_({buffer.data(), static_cast<std::size_t>(n)});
    if (destroyed) return;
    if (turn + 1 == kReadsPerTurn) loop_.schedule(this);
  }
  destroyed_ = nullptr;
}

PipeWriter::PipeWriter(EpollLoop& loop, UniqueFd fd, Task on_drained)
    : loop_(loop), fd_(std::move(fd)), on_drained_(std::move(on_drained)) {
  set_non_blocking(fd_.get());
  if (!loop_.add(fd_.get(), EPOLLOUT | EPOLLET, this).ok()) fd_.reset();
}

PipeWriter::~PipeWriter() { close(); }

void PipeWriter::write(std::string_view bytes) {
  if (!fd_.valid() || ending_) return;
  const bool idle = queued_bytes() == 0;
  queue_ += bytes;
  if (idle) flush();
}

void PipeWriter::close_when_sent() {
  ending_ = true;
  if (queued_bytes() == 0) close();
}

void PipeWriter::on_io(std::uint32_t) {
  const bool waited = queued_bytes() > 0;
  flush();
  if (waited && queued_bytes() == 0) on_drained_();  // may destroy this
}

void PipeWriter::flush() {
  while (fd_.valid() && queued_bytes() > 0) {
    const ssize_t n = ::write(fd_.get(), queue_.data() + sent_, queued_bytes());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
      queue_.clear();
      sent_ = 0;
      return close();
    }
    sent_ += static_cast<std::size_t>(n);
  }
  queue_.clear();
  sent_ = 0;
  if (ending_) close();
}

void PipeWriter::close() {
  if (!fd_.valid()) return;
  loop_.remove(fd_.get(), this);
  fd_.reset();
}

}  // namespace plinth::world_real
