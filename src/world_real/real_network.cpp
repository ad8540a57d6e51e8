#include "world_real/real_network.h"

#include "world_real/epoll_loop.h"
#include "world_real/tcp_connector.h"
#include "world_real/tcp_listener.h"

namespace plinth::world_real {
namespace {

constexpr const char* kNoTls = "a plain network was asked for TLS";
constexpr const char* kForeignLoop = "the real network serves EpollLoops only";

}  // namespace

Result<std::unique_ptr<Listener>> RealNetwork::listen(Loop& loop, const std::string& address,
                                                      std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) {
  Loop* const one = &loop;
  return listen_shared({&one, 1}, address, std::move(tls), std::move(accept));
}

Result<std::unique_ptr<Listener>> RealNetwork::listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                             std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) {
  if (tls) return internal_error(kNoTls);
  return TcpListener::create(loops, address, std::move(accept));
}

void RealNetwork::connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext> tls, const std::string&,
                          Duration timeout, ConnectHandler done) {
  auto* epoll_loop = dynamic_cast<EpollLoop*>(&loop);
  if (tls || epoll_loop == nullptr) {
    auto failed = std::make_shared<ConnectHandler>(std::move(done));
    loop.post([failed] { (*failed)(internal_error(kNoTls)); });
    return;
  }
  TcpConnector::connect(*epoll_loop, resolver_, address, timeout, std::move(done));
}

void RealNetwork::connect_inside(Loop& loop, const std::string& name_space, const std::string& address, Duration timeout,
                                 ConnectHandler done) {
  auto* epoll_loop = dynamic_cast<EpollLoop*>(&loop);
  if (epoll_loop != nullptr) return TcpConnector::connect_inside(*epoll_loop, name_space, address, timeout, std::move(done));
  auto failed = std::make_shared<ConnectHandler>(std::move(done));
  loop.post([failed] { (*failed)(internal_error(kForeignLoop)); });
}

}  // namespace plinth::world_real
