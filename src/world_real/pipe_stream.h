// One direction of a child's stdio on an EpollLoop. For .cpp files of world_real only.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/function.h"
#include "world_real/epoll_loop.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Reads until the end. `on_end` is its last call; it may be destroyed inside of both.
class PipeReader final : private IoHandler {
 public:
  PipeReader(EpollLoop& loop, UniqueFd fd, UniqueFunction<void(std::string_view)> on_data, Task on_end);
  ~PipeReader() override;
  void start();
  void pause(bool paused);

 private:
  void on_io(std::uint32_t events) override;

  EpollLoop& loop_;
  UniqueFd fd_;
  UniqueFunction<void(std::string_view)> on_data_;
  Task on_end_;
  bool* destroyed_ = nullptr;
  bool started_ = false;
  bool paused_ = false;
};

class PipeWriter final : private IoHandler {
 public:
  // `on_drained` runs when the queue became empty after bytes had waited in it, or when the reader is gone.
  PipeWriter(EpollLoop& loop, UniqueFd fd, Task on_drained);
  ~PipeWriter() override;
  void write(std::string_view bytes);
  std::size_t queued_bytes() const { return queue_.size() - sent_; }
  void close_when_sent();

 private:
  void on_io(std::uint32_t events) override;
  void flush();
  void close();

  EpollLoop& loop_;
  UniqueFd fd_;
  Task on_drained_;
  std::string queue_;
  std::size_t sent_ = 0;
  bool ending_ = false;
};

}  // namespace plinth::world_real
