// Attaches volumes to nodes and takes them off: what workloads/csi/attach.h decides.
#pragma once

#include "csi/role_tools.h"

namespace plinth::csi {

// Keys: "attachment/NAME", "volume/NAME".
std::unique_ptr<Role> make_attacher(RoleParts parts, workloads::CsiDriverInfo driver);

}  // namespace plinth::csi
