// The built-in driver in a platform that has a node: its process, its registration, its classes, its provisioner.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/processes.h"
#include "client/cluster.h"
#include "node/host/host_files.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::csi {

struct BuiltInParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Network* network = nullptr;
  Processes* processes = nullptr;
  Pool* pool = nullptr;
  node::HostFiles* files = nullptr;
  std::function<std::unique_ptr<client::Cluster>()> make_cluster;
  Logger log;
};

struct BuiltInOptions {
  std::string program;    // this one
  std::string socket;     // of the driver
  std::string state_dir;  // of its volumes
  std::string root;       // of the kubelet's layout
  std::string node_name;
};

// On one loop. The driver ends with this process; what is mounted stays, and the next one finds it.
class BuiltInDriver {
 public:
  static constexpr Duration kPauseMin = std::chrono::milliseconds(200), kPauseMax = std::chrono::seconds(30);
  virtual ~BuiltInDriver() = default;
  // `transport`: as the node; outlives the plugin.
  virtual std::unique_ptr<node::VolumePlugin> make_plugin(client::Transport& transport) = 0;
  // Starts the driver, and again when it ends; once it answers: CSINode, CSIDriver, the node's label, at the first start the classes.
  virtual void start() = 0;
};
std::unique_ptr<BuiltInDriver> make_built_in_driver(BuiltInParts parts, BuiltInOptions options);

}  // namespace plinth::csi
