// Services of type LoadBalancer get the addresses of nodes: what is sent there to their ports is theirs (ruleset.h).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::network {

struct BalancerOptions {
  // Ports of the nodes' own addresses that belong to somebody else, "TCP/6443", and to whom.
  std::map<std::string, std::string> taken;
};
// Writes status.loadBalancer. A Service whose port another one has already, or which asks for an address that no node has,
// stays pending, with an Event that says why. One with a loadBalancerClass belongs to whoever answers to that name.
std::unique_ptr<client::Controller> make_balancer_controller(BalancerOptions options);

}  // namespace plinth::network
