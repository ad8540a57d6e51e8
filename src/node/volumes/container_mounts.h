// What a container sees of the node's files: its volumes and parts of them, its hosts file, its termination log. All of it
// blocks.
#pragma once

#include <string>

#include "node/volumes/pod_volumes.h"

namespace plinth::node {

// BadRequest for a subPath that is not allowed, or that leads through a link.
Result<ContainerMounts> make_container_mounts(HostFiles& files, const std::string& pod_directory,
                                              const ContainerMountInputs& inputs);
// Unmounts everything below volume-subpaths.
Result<void> release_subpaths(HostFiles& files, const std::string& pod_directory);
std::string termination_log_path(const std::string& pod_directory, std::string_view container, std::uint32_t attempt);

}  // namespace plinth::node
