// What a server and its connections know of each other. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/http.h"
#include "net/proxy_server.h"
#include "net/request_body.h"

namespace plinth::net {

class ServerConnection;

// The part of the server that its connections use.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual Loop& loop() = 0;
  virtual const Clock& clock() = 0;
  virtual const HttpLimits& limits() = 0;
  virtual const HttpHandler& handler() = 0;
  virtual const BodyRouter& body_router() = 0;  // may be empty
  // Set: requests are handed on with their head where streams_body() says so, or is empty; handler() gets the others.
  virtual const HttpStreamHandler& stream_handler() = 0;
  virtual const StreamsBody& streams_body() = 0;
  virtual std::string error_body(const Error& error) = 0;
  // Value of the Date header.
  virtual const std::string& date() = 0;
  // The connection has ended (or given its stream away); it is destroyed later, in a task of its own.
  virtual void ended(ServerConnection* connection) = 0;
  // The connection's deadline() changed.
  virtual void deadline_changed(ServerConnection* connection) = 0;
  // Serves `stream` as HTTP/2; `received` are its first bytes.
  virtual void serve_http2(std::unique_ptr<Stream> stream, std::string received) = 0;
};

// One accepted connection, on the server's loop.
class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Takes no new request and ends once the ones in progress are answered.
  virtual void drain() = 0;
  // Monotonic time at which on_deadline() is to be called; 0 for none.
  virtual std::int64_t deadline_ns() const = 0;
  virtual void on_deadline() = 0;

  std::uint64_t serial = 0;  // given by the owner; 0 before
};

std::unique_ptr<ServerConnection> make_http1_connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream);
std::unique_ptr<ServerConnection> make_http2_connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream,
                                                        std::string received);

// Client connection preface of HTTP/2: RFC 9113 section 3.4.
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace plinth::net
