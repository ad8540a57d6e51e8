// What the parts of the node's agent share. One for a node; everything outlives them. Used on the node's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/world.h"
#include "client/cache.h"
#include "client/transport.h"
#include "node/host/host_files.h"
#include "node/host/prober.h"
#include "node/pod/container_config.h"
#include "node/runtime/runtime.h"
#include "node/volumes/pod_volumes.h"

namespace plinth::node {

class EventRecorder;
class ImageManager;
class PodGroups;
class ServiceVariables;

struct NodeParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Pool* pool = nullptr;
  HostFiles* files = nullptr;
  Runtime* runtime = nullptr;
  Prober* prober = nullptr;
  client::Transport* transport = nullptr;  // as system:node:NAME
  std::function<std::shared_ptr<const client::View>()> view;
  PodVolumes* volumes = nullptr;
  EventRecorder* events = nullptr;
  ImageManager* images = nullptr;
  PodGroups* groups = nullptr;
  ServiceVariables* service_variables = nullptr;
  NodeConfig config;
  std::vector<std::string> node_ips;
  api::ResourceAmounts allocatable;
  Logger log;
};

}  // namespace plinth::node
