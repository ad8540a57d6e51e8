// Control groups of pods. The runtime removes those of containers only.
#pragma once

#include <string>
#include <vector>

#include "base/world.h"

namespace plinth::cri {

// Removes a group ("/plinth/pod-1") in each hierarchy that has it; true when none is left. Groups with processes or groups in
// them stay. Calls into the kernel: made on a pool.
bool remove_cgroup(Disk& disk, const std::string& group);
// The same for every group below `group`, deepest first, and for itself.
bool remove_cgroup_tree(Disk& disk, const std::string& group);
// The folders of `group` and of the groups below it, in each hierarchy.
std::vector<std::string> cgroup_folders(Disk& disk, const std::string& group);

}  // namespace plinth::cri
