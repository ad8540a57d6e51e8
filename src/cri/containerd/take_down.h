// The end of everything that a containerd of our own left running: pods, their network, mounts, folders.
#pragma once

#include <string>
#include <vector>

#include "base/processes.h"
#include "cri/containerd/containerd.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

struct TakeDownParts {
  Loop* loop = nullptr;
  Disk* disk = nullptr;
  Pool* pool = nullptr;
  Processes* processes = nullptr;
  node::Runtime* runtime = nullptr;  // over the containerd below, which has been started
  Containerd* containerd = nullptr;  // null for a runtime that is not ours: only the pods end then
};

struct TakeDownReport {
  std::size_t containers = 0, sandboxes = 0;  // that were ended
  std::vector<std::string> problems;          // what is still there, and why
};

// Containers are stopped, each within its pod's grace (the kubelet's annotation; else 30 s) and `grace_max`; sandboxes are
// removed; containerd is ended; then goes what it leaves: the bridge, the rules, mounts, control groups below `cgroup_root`,
// the run directory. Images stay. Runs to its end whatever fails; `done` runs once.
void take_down(TakeDownParts parts, ContainerdOptions options, std::string cgroup_root, Duration grace_max,
               UniqueFunction<void(TakeDownReport)> done);

// The mount points below one of `folders`, deepest first, from the text of /proc/self/mountinfo.
std::vector<std::string> mounts_below(const std::string& mountinfo, const std::vector<std::string>& folders);

}  // namespace plinth::cri
