// Expands volumes: what workloads/csi/resize.h decides.
#pragma once

#include "csi/role_tools.h"

namespace plinth::csi {

// Of a size that the driver refused for good it is asked again after so long.
inline constexpr Duration kInfeasiblePause = std::chrono::minutes(5);

// Keys: "NAMESPACE/NAME" of claims.
std::unique_ptr<Role> make_resizer(RoleParts parts, workloads::CsiDriverInfo driver);

}  // namespace plinth::csi
