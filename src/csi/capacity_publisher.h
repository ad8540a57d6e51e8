// Says how much a driver could give (CSIStorageCapacity), so that pods are placed where their claims can be met.
#pragma once

#include "csi/role_tools.h"

namespace plinth::csi {

// Asked again after so long, and when a volume came or went.
inline constexpr Duration kCapacityEvery = std::chrono::minutes(1);

// Keys: names of the objects, and "" for those that stand for nothing any more.
std::unique_ptr<Role> make_capacity_publisher(RoleParts parts, workloads::CsiDriverInfo driver);

}  // namespace plinth::csi
