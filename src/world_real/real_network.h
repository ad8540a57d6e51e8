// TCP and local (unix:) sockets.
#pragma once

#include "base/namespace_network.h"
#include "base/world.h"

namespace plinth::world_real {

// Loops must be EpollLoops. Refuses TLS contexts: net/tls_network.h puts TLS on top. Host names are looked up on `resolver`,
// which must be destroyed before the loops that connect; listen() looks its own up at once.
class RealNetwork final : public Network, public NamespaceNetwork {
 public:
  explicit RealNetwork(Pool& resolver) : resolver_(resolver) {}

  Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address, std::shared_ptr<TlsServerContext> tls,
                                           AcceptHandler accept) override;
  Result<std::unique_ptr<Listener>> listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                  std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) override;
  void connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext> tls, const std::string& server_name,
               Duration timeout, ConnectHandler done) override;
  void connect_inside(Loop& loop, const std::string& name_space, const std::string& address, Duration timeout,
                      ConnectHandler done) override;

 private:
  Pool& resolver_;
};

}  // namespace plinth::world_real
