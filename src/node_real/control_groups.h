// Control groups of this machine: one hierarchy (version 2) or one for each controller (version 1).
#pragma once

#include <memory>
#include <string>

#include "node/host/control_groups.h"

namespace plinth::node_real {

std::unique_ptr<node::ControlGroups> make_control_groups(std::string root = "/sys/fs/cgroup");

// Version 2's weight for version 1's shares, as runtimes convert it.
std::int64_t cpu_weight(std::int64_t shares);

}  // namespace plinth::node_real
