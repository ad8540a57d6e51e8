// Makes and deletes the volumes of one driver: what workloads/csi/provision.h decides.
#pragma once

#include "csi/role_tools.h"

namespace plinth::csi {

// Keys: "claim/NAMESPACE/NAME", "volume/NAME".
std::unique_ptr<Role> make_provisioner(RoleParts parts, workloads::CsiDriverInfo driver);

}  // namespace plinth::csi
