// The Service `kubernetes` in the default namespace, at the first address of the service range, and the ServiceCIDR that names
// the range: made when they are missing, mended when the range or the API's port is another one than before.
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
};
std::unique_ptr<client::Controller> make_kubernetes_service(KubernetesServiceOptions options);

}  // namespace plinth::control
