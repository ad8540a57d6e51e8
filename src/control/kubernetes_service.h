// The Service `kubernetes` in the default namespace, at the first address of the service range, and the ServiceCIDR that names
// the range: made when they are missing, mended when the range or the API's port is another one than before. Where the API is
// reached at an address that others can use, Endpoints and an EndpointSlice name it; endpoints may not be in the loopback
// range.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::control {

struct KubernetesServiceOptions {
  std::string cluster_ip;
  std::string family;        // "IPv4"
  std::string service_cidr;  // "10.96.0.0/16"
  std::int64_t api_port = 6443;
  std::string api_address;  // "" when it has none but loopback's
};
std::unique_ptr<client::Controller> make_kubernetes_service(KubernetesServiceOptions options);

}  // namespace plinth::control
