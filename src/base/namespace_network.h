// Connections that are made inside a network namespace of the machine: a port of a pod, from within the pod.
#pragma once

#include <string>

#include "base/world.h"

namespace plinth {

class NamespaceNetwork {
 public:
  virtual ~NamespaceNetwork() = default;
  // `name_space` is the path of a namespace file; `address` is numeric, "127.0.0.1:80". `done` as in Network::connect.
  virtual void connect_inside(Loop& loop, const std::string& name_space, const std::string& address, Duration timeout,
                              ConnectHandler done) = 0;
};

}  // namespace plinth
