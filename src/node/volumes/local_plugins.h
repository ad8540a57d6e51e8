// The volumes that need no driver.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "client/transport.h"
#include "node/host/host_files.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::node {

// Everything outlives the plugins.
struct LocalPluginParts {
  Loop* loop = nullptr;
  Pool* pool = nullptr;
  HostFiles* files = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  client::Transport* transport = nullptr;  // of the node, for tokens
};

std::unique_ptr<VolumePlugin> make_empty_dir_plugin(const LocalPluginParts& parts);
std::unique_ptr<VolumePlugin> make_host_path_plugin(const LocalPluginParts& parts);
// Images that the runtime mounts: of them there is nothing on the node. They are found when a container starts, with its own.
std::unique_ptr<VolumePlugin> make_image_plugin(const LocalPluginParts& parts);
// configMap, secret, downwardAPI, projected: files made from objects.
std::vector<std::unique_ptr<VolumePlugin>> make_content_plugins(const LocalPluginParts& parts);

}  // namespace plinth::node
