// The storage drivers of a node: the built-in one, those whose sockets were given, and those that register themselves as they
// would with a kubelet. Their CSINode, and the pods' volumes of claims.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/processes.h"
#include "csi/built_in.h"
#include "csi/driver_site.h"
#include "csi/node_driver.h"
#include "csi/registrar.h"
#include "node/host/host_files.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::csi {

struct DriversParts {
  SiteParts site;
  Processes* processes = nullptr;  // of the built-in driver; may be null without one
  Pool* pool = nullptr;
  node::HostFiles* files = nullptr;
};

struct DriversOptions {
  std::string node_name;
  std::string root;  // of the kubelet's layout: pods/, plugins/, plugins_registry/
  std::optional<BuiltInOptions> built_in;
  std::vector<std::string> sockets;  // paths: controller and node part
  bool watch_registry = true;
};

// On one loop. What is mounted stays when this ends, and the next one finds it.
class Drivers {
 public:
  static constexpr Duration kPauseMin = std::chrono::milliseconds(200), kPauseMax = std::chrono::seconds(30);
  Drivers(DriversParts parts, DriversOptions options);
  ~Drivers();
  // `transport`: as the node; outlives the plugin.
  std::unique_ptr<node::VolumePlugin> make_plugin(client::Transport& transport);
  // Once the Node object is there.
  void start();

 private:
  std::optional<NodeDriver> find(std::string_view name) const;
  void add_site(const std::string& address, Controls controls);
  // CSINode and the node's labels say what is known; the built-in driver's own objects at the first start.
  void register_node();
  void registered(Result<void> outcome);
  std::vector<const DriverFacts*> on_node() const;
  void follow_registry();
  void appeared(const std::string& name, const std::string& address);
  void vanished(const std::string& address);

  DriversParts parts_;
  DriversOptions options_;
  std::vector<std::unique_ptr<DriverSite>> sites_;
  std::unique_ptr<BuiltInChild> child_;
  std::unique_ptr<Registrar> registrar_;
  std::unique_ptr<client::Cluster> cluster_;  // for its view and its requests
  std::unique_ptr<client::Transport> transport_;
  bool registering_ = false, again_ = false;
  int failures_ = 0;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::csi
