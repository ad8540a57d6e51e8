// Servers that hand a request on with its head, while its body still arrives: what a reverse proxy needs, over both protocols.
#pragma once

#include "net/http.h"

namespace plinth::net {

// The body of a request as it arrives; on the connection's loop. Nothing is delivered once the answer is complete or the peer
// has gone.
class IncomingBody {
 public:
  virtual ~IncomingBody() = default;
  // False: the request has none.
  virtual bool expected() const = 0;
  // `chunk` gets the bytes, `end` follows the last ones. Once.
  virtual void start(UniqueFunction<void(std::string_view)> chunk, Task end) = 0;
  // While paused the peer is not read on.
  virtual void pause(bool paused) = 0;
};
// Called as soon as a request's head is there; its body member is empty.
using HttpStreamHandler = std::function<void(HttpRequest, std::shared_ptr<IncomingBody>, std::shared_ptr<Responder>)>;

// Whether a request is handed on so; from its head.
using StreamsBody = std::function<bool(std::string_view method, std::string_view target)>;

// HttpLimits::body_bytes_max holds for what is announced only.
std::unique_ptr<HttpServer> make_proxy_http_server(Loop& loop, Clock& clock, HttpLimits limits, HttpStreamHandler handler,
                                                   ErrorBody error_body);
// Requests that `which` is true for go to `streams`, and their bodies have no limit here; others are collected, for `handler`.
std::unique_ptr<HttpServer> make_mixed_http_server(Loop& loop, Clock& clock, HttpLimits limits, StreamsBody which,
                                                   HttpStreamHandler streams, HttpHandler handler, ErrorBody error_body);

}  // namespace plinth::net
