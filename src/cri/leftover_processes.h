// Processes that outlived the containerd which started them: one that was killed in the middle of a start may forget a shim and
// the container that it was about to start.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/world.h"

namespace plinth::cri {

// What is in control groups below `cgroup_root` ("/plinth-1"), and shims of the containerd at `socket`, which must not run any
// more. By the files of /proc and /sys/fs/cgroup: made on a pool.
std::vector<std::int32_t> leftover_processes(Disk& disk, const std::string& socket, const std::string& cgroup_root);

// Shims of the containerd at `socket`, by the container (or sandbox) that each serves.
std::map<std::string, std::int32_t> shims_of(Disk& disk, const std::string& socket);
// Those processes and their children: what a shim runs is a child of it.
std::vector<std::int32_t> with_children(Disk& disk, const std::vector<std::int32_t>& pids);
// What ends them; one that has ended by itself is no trouble.
std::vector<std::string> kill_command(const std::vector<std::int32_t>& pids);

// A file of the kernel's, which tells no size: at most `bytes_max` of it; "" when it is not there.
std::string read_kernel_file(Disk& disk, const std::string& path, std::size_t bytes_max);

}  // namespace plinth::cri
