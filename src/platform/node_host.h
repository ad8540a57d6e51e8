// A node in this process: its agent, and the runtime and files that the agent works with.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/world.h"
#include "node/agent/node_agent.h"
#include "platform/make_node.h"
#include "server/api_server.h"
#include "store/store.h"

namespace plinth::platform {

// What any node is made over; everything outlives it.
struct NodeHostParts {
  World world;
  server::ApiServer* api = nullptr;
  store::Store* store = nullptr;
  Loop* loop = nullptr;  // of the controllers
  Logger log;
  api::UsageBoard* usage = nullptr;  // where what is measured goes
  std::string service_range;         // "10.96.0.0/16"
  std::string api_address;           // "127.0.0.1:6443"
  ServeApi serve_api;                // null: pods reach the API already, or never will
};

// On the controllers' loop.
class NodeHost {
 public:
  virtual ~NodeHost() = default;
  // `done` once the Node object is there.
  virtual void start(UniqueFunction<void(Result<void>)> done) = 0;
  // Nothing is acted on any more; pods go on running where the runtime is not in this process.
  virtual void stop() = 0;
  virtual node::NodeAgent& agent() = 0;
};

// The parts of an agent that are the same for every kind of node: its view of the cluster, its identity, the version.
node::NodeAgentParts node_agent_parts(const NodeHostParts& parts, const std::string& name);
// Requests as system:node:NAME.
std::unique_ptr<client::Transport> node_transport(const NodeHostParts& parts, const std::string& name);
// The platform itself, as a user.
server::auth::UserPtr administrator();
// Lets system:node:NAME do what a kubelet may: binds it to the cluster role system:node. Upstream's node authorizer, which
// narrows that to the objects of its pods, is not there.
void grant_node_rights(const NodeHostParts& parts, const std::string& name, UniqueFunction<void(Result<void>)> done);

struct SimNodeOptions {
  std::string name = "sim";
  std::string address = "127.0.0.1";
  node::StringMap capacity = {{"cpu", "8"}, {"memory", "32Gi"}, {"ephemeral-storage", "100Gi"}, {"pods", "2500"}};
  // Of storage drivers whose sidecars the platform is. Nothing is mounted: pods with claims wait.
  std::vector<std::string> csi_sockets;
};

// `--node sim`: a virtual machine with a virtual runtime. Both live as long as the process: after a restart its pods start
// anew, as after a reboot.
MakeNodeHost sim_node(SimNodeOptions options);

}  // namespace plinth::platform
