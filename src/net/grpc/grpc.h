// gRPC over HTTP/2 without TLS, for the sockets of container runtimes and storage drivers: unary and server-streaming calls,
// client and server. Messages are the bytes that a caller's protobuf made; nothing here knows protobuf.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/world.h"
#include "net/grpc/grpc_status.h"
#include "net/http.h"

namespace plinth::net {

struct GrpcCallOptions {
  Duration timeout = std::chrono::minutes(2);        // to the end of the call; zero: none
  Headers metadata;                                  // sent with the request; lower-case names
  std::size_t message_bytes_max = 16 * 1024 * 1024;  // of an answer
};

struct GrpcReply {
  GrpcStatus status;
  std::string message;  // when the status is OK
};

// Calls to one server over one connection, which is made by the first call and again by the first call after it was lost. On
// one loop; callbacks run on it, never before the call returned.
//
// A call fails with UNAVAILABLE at once when there is no connection to be had, and when the connection is lost before its
// status came; it is sent again only where the server said that it never looked at it (GOAWAY, REFUSED_STREAM). More than
// kCallsMax calls at once are RESOURCE_EXHAUSTED.
class GrpcChannel {
 public:
  static constexpr std::size_t kCallsMax = 1000;
  virtual ~GrpcChannel() = default;  // calls under way end without a callback
  // Ends a call: none of its callbacks runs any more, and the server is told. Does nothing when it is over. May be dropped.
  using Cancel = UniqueFunction<void()>;
  // `path` is "/package.Service/Method".
  virtual Cancel unary(std::string path, std::string request, GrpcCallOptions options,
                       UniqueFunction<void(GrpcReply)> done) = 0;
  // `message` any number of times, `done` last.
  virtual Cancel stream(std::string path, std::string request, GrpcCallOptions options,
                        UniqueFunction<void(std::string)> message, UniqueFunction<void(GrpcStatus)> done) = 0;
};
std::unique_ptr<GrpcChannel> make_grpc_channel(Loop& loop, Network& network, Clock& clock, std::string address);

struct GrpcRequest {
  std::string path;
  std::string message;
  Headers metadata;
  Duration timeout{};  // what the client gives the call; zero: as long as it likes
};

// Where a call's answer goes; on the server's loop. Safe to use after the client left: everything is dropped then.
class GrpcResponder {
 public:
  virtual ~GrpcResponder() = default;
  virtual void send(std::string message) = 0;
  // Once; also the end of a call that failed. A unary method sends one message, then finishes OK.
  virtual void finish(GrpcStatus status) = 0;
  // Runs once when the client goes away, cancels or its deadline passes before finish().
  virtual void on_cancelled(Task task) = 0;
  virtual std::size_t queued_bytes() const = 0;
};

using GrpcHandler = std::function<void(GrpcRequest, std::shared_ptr<GrpcResponder>)>;

// Serves every method with one handler, which answers UNIMPLEMENTED to those it does not know (unimplemented()).
class GrpcServer {
 public:
  static constexpr std::size_t kMessageBytesMax = 4 * 1024 * 1024;  // of a request, as in gRPC's own servers
  virtual ~GrpcServer() = default;
  virtual void serve(std::unique_ptr<Stream> stream) = 0;
  virtual void drain(Duration grace, Task done) = 0;
};
std::unique_ptr<GrpcServer> make_grpc_server(Loop& loop, Clock& clock, GrpcHandler handler);
GrpcStatus unimplemented(std::string_view path);

}  // namespace plinth::net
