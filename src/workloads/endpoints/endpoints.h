// Endpoints and EndpointSlices: what is behind each Service.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

// EndpointSlices of Services with a selector, at most 100 endpoints each.
std::unique_ptr<client::Controller> make_endpoint_slices();
// The older Endpoints of the same Services, at most 1000 addresses.
std::unique_ptr<client::Controller> make_endpoints();
// EndpointSlices for Endpoints that somebody made by hand for a Service without a selector.
std::unique_ptr<client::Controller> make_endpoint_mirroring();

}  // namespace plinth::workloads
