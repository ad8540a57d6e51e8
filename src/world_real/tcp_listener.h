// A listening socket, TCP or local.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/world.h"
#include "world_real/epoll_loop.h"
#include "world_real/socket_address.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Accepts on the first loop and deals the connections to all of them in turn. Created, closed and destroyed on the first loop.
class TcpListener final : public Listener, private IoHandler {
 public:
  static Result<std::unique_ptr<Listener>> create(std::span<Loop* const> loops, const std::string& address,
                                                  AcceptHandler accept);
  ~TcpListener() override;
  std::string address() const override { return address_; }
  void close() override;

 private:
  // Outlives the listener in connections that are on their way to another loop.
  struct Receiver {
    AcceptHandler accept;
    std::atomic<bool> closed{false};
  };

  TcpListener(std::vector<EpollLoop*> loops, UniqueFd fd, AcceptHandler accept);
  void on_io(std::uint32_t events) override;
  void rest_after(int error_number);
  void hand_over(UniqueFd fd, const SocketAddress& remote);

  std::vector<EpollLoop*> loops_;
  UniqueFd fd_;
  std::shared_ptr<Receiver> receiver_;
  std::string address_;
  std::size_t next_loop_ = 0;
  TimerId resting_ = 0;
};

}  // namespace plinth::world_real
