// What every namespace has: the ServiceAccount default and the ConfigMap kube-root-ca.crt.
#pragma once

#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_service_account_controller();
// `ca_pem` is the cluster's CA.
std::unique_ptr<client::Controller> make_root_ca_publisher(std::string ca_pem);

}  // namespace plinth::control
