#include "base/world.h"

namespace plinth {

Result<std::unique_ptr<Listener>> Network::listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                         std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) {
  return listen(*loops.front(), address, std::move(tls), std::move(accept));
}

}  // namespace plinth
