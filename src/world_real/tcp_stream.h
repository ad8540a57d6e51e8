// A TCP connection on an EpollLoop.
#pragma once

#include "base/world.h"
#include "world_real/epoll_loop.h"
#include "world_real/socket_address.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Edge-triggered: registered once for reading and writing. Holds no buffer while idle.
class TcpStream final : public Stream, private IoHandler {
 public:
  // `fd` is connected and non-blocking. `remote` is its peer.
  static Result<std::unique_ptr<TcpStream>> create(EpollLoop& loop, UniqueFd fd, const SocketAddress& remote);
  ~TcpStream() override;

  void start(StreamEvents* events) override;
  void write(ByteChain bytes) override;
  std::size_t queued_bytes() const override { return queued_; }
  void pause_reading(bool paused) override;
  void shutdown_write() override;
  void close() override;
  const PeerInfo& peer() const override { return peer_; }
  Loop& loop() override { return loop_; }

 private:
  enum class Alive : bool { kNo, kYes };

  TcpStream(EpollLoop& loop, UniqueFd fd, const SocketAddress& remote);
  void on_io(std::uint32_t events) override;
  Alive handle(std::uint32_t events);
  Alive flush_and_tell();
  Alive read_some();
  Alive finish_reading();
  void flush();
  void consume(std::size_t written);
  bool may_read() const { return events_ != nullptr && !paused_ && readable_ && !read_closed_; }

  EpollLoop& loop_;
  UniqueFd fd_;
  StreamEvents* events_ = nullptr;
  bool* destroyed_ = nullptr;  // set while a callback may destroy this
  ByteChain queue_;
  std::size_t queue_first_ = 0;   // queue_ elements before this one are sent
  std::size_t first_offset_ = 0;  // bytes of queue_[queue_first_] that are sent
  std::size_t queued_ = 0;
  bool paused_ = false;
  bool readable_ = false;     // an edge that was not read to its end
  bool hang_up_ = false;      // the kernel announced the end of the input
  bool read_closed_ = false;  // the end of the input was read
  bool write_blocked_ = false;
  bool write_ending_ = false;
  bool write_ended_ = false;
  bool closed_told_ = false;
  PeerInfo peer_;
};

}  // namespace plinth::world_real
