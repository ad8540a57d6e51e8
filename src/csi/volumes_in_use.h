// status.volumesInUse of the node: attached volumes that are, or may be, mounted here. What is in it is not detached.
#pragma once

#include <memory>
#include <string>

#include "client/transport.h"
#include "node/host/host_files.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::csi {

struct VolumesInUseParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  node::HostFiles* files = nullptr;
  client::Transport* transport = nullptr;  // as the node
  std::function<std::shared_ptr<const client::View>()> view;
  std::string root;  // of the kubelet's layout
  std::string node_name;
};

// `inner`, and after each of its steps a look at the records on disk. A detach does not begin while a pod runs, so that it is
// early enough to say it once a volume is set up.
std::unique_ptr<node::VolumePlugin> with_volumes_in_use(VolumesInUseParts parts, std::unique_ptr<node::VolumePlugin> inner);

}  // namespace plinth::csi
