// Passes requests on to HTTP/1.1 servers: what a reverse proxy does once it knows where to. Bodies stream both ways and no
// faster than either side takes them; upgrades (WebSocket) become a pair of raw streams.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/proxy_server.h"

namespace plinth::net {

struct ForwarderLimits {
  std::size_t under_way_max = 4096;  // requests and tunnels; more are ServiceUnavailable
  std::size_t idle_per_server_max = 64;
  Duration idle_timeout = std::chrono::seconds(60);
  Duration connect_timeout = std::chrono::seconds(5);
  Duration head_timeout = std::chrono::seconds(60);  // from the last byte of the request to the answer's head
  std::size_t queued_bytes_max = 256 * 1024;         // of each direction of a request; the other side is not read meanwhile
};

// On one loop.
class Forwarder {
 public:
  virtual ~Forwarder() = default;  // what is under way is cut off
  // Tries `addresses` ("host:port") in turn until one takes the connection. Fields that speak of the connection are replaced;
  // others go on as they are. `failed` runs instead of an answer while none has begun: ServiceUnavailable (no connection),
  // Timeout (no answer), BadRequest (an answer that is not HTTP or ended too early). After that the answer is cut off.
  virtual void forward(std::vector<std::string> addresses, std::shared_ptr<TlsClientContext> tls, HttpRequest request,
                       std::shared_ptr<IncomingBody> body, std::shared_ptr<Responder> responder,
                       UniqueFunction<void(Error)> failed) = 0;
  virtual std::size_t under_way() const = 0;
};
std::unique_ptr<Forwarder> make_forwarder(Loop& loop, Network& network, Clock& clock, ForwarderLimits limits);

}  // namespace plinth::net
