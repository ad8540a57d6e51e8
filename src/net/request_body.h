// Servers that take large requests piece by piece instead of having them collected in memory.
#pragma once

#include "net/http.h"

namespace plinth::net {

// Where one request's body goes; on the connection's loop. It is let go when the peer goes away before complete().
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  virtual void take(std::string bytes) = 0;
  // No more is read from the connection while this holds; `task` of on_room() runs, later, once it does not any more.
  virtual bool full() const = 0;
  virtual void on_room(Task task) = 0;
  // All of it was taken: `request` without a body, and where its answer goes.
  virtual void complete(HttpRequest request, std::shared_ptr<Responder> responder) = 0;
};

// Asked for each request that has a body, with its head. Null: collected, and handled like any other.
using BodyRouter = std::function<std::shared_ptr<RequestBody>(const HttpRequest& head)>;

// As make_http_server(); over HTTP/2 every body is collected. A body that is routed has no limit here.
std::unique_ptr<HttpServer> make_streaming_http_server(Loop& loop, Clock& clock, HttpLimits limits, BodyRouter router,
                                                       HttpHandler handler, ErrorBody error_body);

}  // namespace plinth::net
