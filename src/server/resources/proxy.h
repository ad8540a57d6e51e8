// pods/proxy and services/proxy: requests that the server passes on to what runs in the cluster.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/forwarder.h"
#include "server/context.h"
#include "server/exchange.h"

namespace plinth::server {

// Forwarders, one for each loop that needs one. Any thread.
class ProxyForwarders {
 public:
  ProxyForwarders(Network& network, Clock& clock) : network_(network), clock_(clock) {}
  net::Forwarder& on(Loop& loop);
  // As upstream, which does not ask whose certificate it is: endpoints have addresses, not names.
  Result<std::shared_ptr<TlsClientContext>> any_certificate();

 private:
  Network& network_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<Loop*, std::unique_ptr<net::Forwarder>> forwarders_;
  std::shared_ptr<TlsClientContext> any_certificate_;
};

bool asks_for_proxy(const RequestInfo& info);
// Whether a request's body is passed on as it comes.
bool is_proxied(std::string_view method, std::string_view target);
// All methods, bodies of any length both ways, upgrades over HTTP/1.1. The credentials of the caller stay here.
void serve_proxy(ServerContext& context, ProxyForwarders& forwarders, ExchangePtr exchange);

// "https:web:80" of a path; BadRequest for another scheme, or none of these forms.
struct ProxyTarget {
  bool https = false;
  std::string name, port;
};
Result<ProxyTarget> parse_proxy_target(std::string_view text);
// Of /api/v1/namespaces/NS/RESOURCE/NAME/proxy, and of /api/v1/nodes/NAME/proxy.
inline constexpr int kProxySegments = 7, kNodeProxySegments = 5;
// What of a request's target follows so many segments, the last of which is the subresource, as it was sent: "/a%2Fb?c=d".
std::string proxied_target(std::string_view target, int segments = kProxySegments);

}  // namespace plinth::server
