// The ingress router: takes HTTP requests and passes them on to the endpoints of the Services that Ingress objects name.
#pragma once

#include <memory>
#include <mutex>

#include "net/forwarder.h"
#include "net/proxy_server.h"
#include "network/ingress/routes.h"

namespace plinth::network {

// Shared by the loops that serve. Routes are replaced from any thread; requests under way keep what they began with.
class RouterTable {
 public:
  void set(std::shared_ptr<const Routes> routes);
  std::shared_ptr<const Routes> get() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Routes> routes_ = std::make_shared<const Routes>();
};

// Serves the connections of one loop; `forwarder` is of the same loop, both outlive the server. `scheme` is what clients speak
// ("http", "https"), for X-Forwarded-Proto.
std::unique_ptr<net::HttpServer> make_router_server(Loop& loop, Clock& clock, const RouterTable& table,
                                                    net::Forwarder& forwarder, std::string scheme);

}  // namespace plinth::network
