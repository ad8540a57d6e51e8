// Takes, looks up and deletes snapshots: what workloads/csi/snapshot.h decides.
#pragma once

#include "csi/role_tools.h"

namespace plinth::csi {

// Keys: names of VolumeSnapshotContents.
std::unique_ptr<Role> make_snapshotter(RoleParts parts, workloads::CsiDriverInfo driver);

}  // namespace plinth::csi
