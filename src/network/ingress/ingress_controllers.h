// What the router says in the cluster: its IngressClass, and in the status of Ingresses where they are served.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::network {

// Annotations of the IngressClass `plinth`: where the router listens, "host:port".
inline constexpr std::string_view kHttpAnnotation = "plinth.dev/http";
inline constexpr std::string_view kHttpsAnnotation = "plinth.dev/https";

struct IngressPlace {
  std::string http, https;  // "host:port" that the router listens on; "" when it does not
  std::set<std::string> classes;
};

// Makes the class when it is missing, as the default one unless another class is that, and keeps its annotations.
std::unique_ptr<client::Controller> make_ingress_class(IngressPlace place);
// Writes status.loadBalancer of the Ingresses that the router follows; what cannot be followed is told as Events.
std::unique_ptr<client::Controller> make_ingress_status(IngressPlace place);

}  // namespace plinth::network
