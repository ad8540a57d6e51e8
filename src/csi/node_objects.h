// What a node says of the storage drivers that run on it.
#pragma once

#include <string>
#include <vector>

#include "client/controller.h"
#include "csi/csi_client.h"

namespace plinth::csi {

// CSINode, with one entry for each driver, and the node's labels of their topologies; an error while the Node is not there.
Result<std::vector<client::Request>> node_requests(const client::View& view, const std::string& node,
                                                   const std::vector<const DriverFacts*>& drivers, std::string_view manager);

}  // namespace plinth::csi
