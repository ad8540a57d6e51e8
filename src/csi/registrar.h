// Drivers that register themselves as with a kubelet: a socket in plugins_registry, on which they say what they are and where
// they answer (pluginregistration v1).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/world.h"
#include "net/grpc/grpc.h"
#include "node/host/host_files.h"

namespace plinth::csi {

struct RegistrarParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Network* network = nullptr;
  Pool* pool = nullptr;
  node::HostFiles* files = nullptr;
  Logger log;
};

// On one loop.
class Registrar {
 public:
  static constexpr Duration kLookEvery = std::chrono::seconds(1);
  static constexpr std::size_t kSocketsMax = 256;  // more are not looked at
  struct Events {
    std::function<void(const std::string& driver, const std::string& address)> appeared;
    std::function<void(const std::string& driver, const std::string& address)> vanished;
  };
  Registrar(RegistrarParts parts, std::string folder, Events events)
      : parts_(std::move(parts)), folder_(std::move(folder)), events_(std::move(events)) {}
  ~Registrar();
  void start();
  // The driver is told, once, that it is registered, or why not.
  void registered(const std::string& driver, const std::string& error);

 private:
  struct Socket {
    std::shared_ptr<net::GrpcChannel> channel;
    std::string driver, address;  // once it has said so
    bool told = false;
  };
  void look();
  void take(const std::vector<std::string>& names);
  void ask(const std::string& name);
  void answered(const std::string& name, const net::GrpcReply& reply);
  void tell(Socket& socket, const std::string& error);

  RegistrarParts parts_;
  std::string folder_;
  Events events_;
  std::map<std::string, Socket> sockets_;  // by file name
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::csi
