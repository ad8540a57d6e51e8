// `--node cri`: pods in a containerd of the program's own, and the end of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oci/import.h"
#include "platform/node_host.h"
#include "world_real/unique_fd.h"

namespace plinth::platform {

struct CriNodeOptions {
  std::string data_dir;                     // of the platform; the node's things are below DIR/node
  std::string name;                         // of the Node object; empty: the host's name
  std::string pod_range = "10.244.0.0/24";  // IPv4 addresses of pods
  std::string cri_socket;                   // a runtime that runs already; empty: a containerd of our own
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
// containerd. Blocks until it is done. Conflict while a platform runs on the directory; a directory without a node has nothing to
// end.
Result<NodeDownReport> take_down_cri_node(CriNodeOptions options, Duration grace_max);

// Makes the images of an OCI archive available to the pods of a data directory's node; see oci/import.h.
Result<oci::Imported> import_image(const std::string& data_dir, const std::string& archive, const std::string& name);
// The same for every FILE.tar of a folder; what is there already costs little. BadRequest names the file that is wrong.
Result<void> import_images(const std::string& data_dir, const std::string& folder);

}  // namespace plinth::platform
