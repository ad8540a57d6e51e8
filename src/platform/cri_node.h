// `--node cri`: pods in a containerd of the program's own, and the end of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/node_host.h"
#include "platform/runtime_network.h"
#include "world_real/unique_fd.h"

namespace plinth::platform {

struct CriNodeOptions {
  std::string data_dir;                     // of the platform; the node's things are below DIR/node
  std::string name;                         // of the Node object; empty: the host's name
  std::string pod_range = "10.244.0.0/24";  // IPv4 addresses of pods
  std::string cri_socket;                   // a runtime that runs already; empty: a containerd of our own
  // Its network, where the platform serves pods in it; their range is then this one's.
  std::optional<RuntimeNetwork> runtime_network;
  std::vector<std::string>
      dns_forward;               // servers for names of elsewhere, "10.0.0.2:53"; empty: those of this machine's resolv.conf
  std::string registry_address;  // of the registry for images; empty: none
  std::shared_ptr<std::string> registry_bound;  // set to the address that it got, before the node starts; may be null
  std::vector<std::string> csi_sockets;         // of storage drivers whose sidecars the platform is
  // What fork_spawner() returned, before any thread was made. Taken by the node.
  std::shared_ptr<world_real::UniqueFd> spawner;
};

// ServiceUnavailable tells what the machine lacks, and how to get it; BadRequest which option is wrong.
Result<void> check_cri_node(const CriNodeOptions& options);

MakeNodeHost cri_node(CriNodeOptions options);

struct NodeDownReport {
  std::size_t containers = 0, sandboxes = 0;
  std::vector<std::string> problems;
};
// Ends what `--node cri` left running: pods within their grace and `grace_max`, their network, mounts and control groups,
// containerd. Blocks until it is done. Conflict while a platform runs on the directory; a directory without a node has nothing
// to end.
Result<NodeDownReport> take_down_cri_node(CriNodeOptions options, Duration grace_max);

}  // namespace plinth::platform
