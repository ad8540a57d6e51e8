// Volumes of pods that come from claims, and those that a driver makes for one pod (inline): the node's part of storage
// drivers, and volumes that are a path of the node.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "client/transport.h"
#include "csi/node_driver.h"
#include "node/host/host_files.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::csi {

struct ClaimVolumeParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  Clock* clock = nullptr;
  node::HostFiles* files = nullptr;
  client::Transport* transport = nullptr;  // as the node: for claims' statuses
  FindDriver find_driver;
  std::string root;  // of the kubelet's layout: pods/, plugins/
  Logger log;
};

// persistentVolumeClaim, ephemeral and csi. A volume of a driver is staged once on the node and published for each pod; what is
// needed to undo that is on disk (volume_data.h), so that a restart may lie between. Calls for one volume wait for each other.
// A volume that has grown is grown here, too: before it is published, and while it is mounted.
std::unique_ptr<node::VolumePlugin> make_claim_volumes(ClaimVolumeParts parts);

}  // namespace plinth::csi
