// Volumes of pods that come from claims: the node's part of a storage driver, and volumes that are a path of the node.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "csi/csi_client.h"
#include "node/volumes/volume_plugin.h"
#include "node/host/host_files.h"

namespace plinth::csi {

struct ClaimVolumeParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  node::HostFiles* files = nullptr;
  CsiClient* driver = nullptr;
  std::string root;  // of the kubelet's layout: pods/, plugins/
  // What the driver said of itself; nothing before it has answered.
  std::function<const DriverFacts*()> facts;
};

// persistentVolumeClaim and ephemeral. A volume of the driver is staged once on the node and published for each pod; what is needed to
// undo that is in vol_data.json beside the mount, so that a restart may lie between. Calls for one volume wait for each other.
std::unique_ptr<node::VolumePlugin> make_claim_volumes(ClaimVolumeParts parts);

}  // namespace plinth::csi
