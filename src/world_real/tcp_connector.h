// One outgoing connection attempt, over TCP or to a local socket.
#pragma once

#include <memory>
#include <vector>

#include "base/world.h"
#include "world_real/epoll_loop.h"
#include "world_real/socket_address.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Tries the addresses of a host in turn until one accepts or the time is over. Lives by the timer that bounds it, on its
// loop; `done` is called exactly once, never before connect() returned.
class TcpConnector final : public std::enable_shared_from_this<TcpConnector>, private IoHandler {
 public:
  static void connect(EpollLoop& loop, Pool& resolver, const std::string& address, Duration timeout, ConnectHandler done);
  // From inside a network namespace, given by its path; the address is numeric.
  static void connect_inside(EpollLoop& loop, const std::string& name_space, const std::string& address, Duration timeout,
                             ConnectHandler done);
  TcpConnector(EpollLoop& loop, std::string address, ConnectHandler done);
  ~TcpConnector() override;

 private:
  static std::shared_ptr<TcpConnector> begin(EpollLoop& loop, const std::string& address, Duration timeout,
                                             ConnectHandler done);
  void connect_locally();
  void connect_in_namespace();
  void look_up(Pool& resolver, const HostPort& host_port);
  void try_next();
  void on_io(std::uint32_t events) override;
  void drop_socket();
  void finish(Result<std::unique_ptr<Stream>> outcome);

  EpollLoop& loop_;
  std::string address_;
  std::string name_space_;  // empty: this process's
  ConnectHandler done_;
  std::vector<SocketAddress> candidates_;
  std::size_t next_ = 0;
  UniqueFd fd_;
  TimerId timer_ = 0;
  Error last_error_;
};

}  // namespace plinth::world_real
