// ServiceCIDRs and IPAddresses, as upstream's users see them: a range is ready, and stays until no Service has an address of it
// alone; each address of a Service has an IPAddress object that names the Service. What counts when addresses are given out is
// the store's.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

std::unique_ptr<client::Controller> make_service_ranges();
std::unique_ptr<client::Controller> make_ip_addresses();

}  // namespace plinth::control
