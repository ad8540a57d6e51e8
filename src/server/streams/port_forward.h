// The client's end of port-forward: connections that it wants to ports of a pod, over whichever protocol it speaks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/world.h"
#include "net/spdy_session.h"

namespace plinth::server {

// One connection; its streams are of the client's loop.
struct ForwardedConnection {
  std::uint16_t port = 0;
  std::unique_ptr<Stream> data;
  // Says what went wrong ("" for nothing) and ends. Dropping it instead cuts the connection off.
  UniqueFunction<void(std::string problem)> end;
};

class PortForwardEvents {
 public:
  virtual ~PortForwardEvents() = default;
  virtual void on_connection(ForwardedConnection connection) = 0;
  virtual void on_gone() = 0;  // the last call; the connections' streams are told, too
};

// Destroying it ends all that it forwards; also inside of its own events.
class PortForwardClient {
 public:
  virtual ~PortForwardClient() = default;
  virtual void start(PortForwardEvents* events) = 0;  // they outlive it
};

// portforward.k8s.io: for each connection the client opens an error and a data stream of the same requestID.
std::unique_ptr<PortForwardClient> make_spdy_port_forward(std::shared_ptr<net::SpdySession> session);

}  // namespace plinth::server
