// What this machine offers to a container runtime, found by looking.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/world.h"

namespace plinth::cri {

struct HostFacts {
  bool root = false;
  bool sys_resource = false;     // CAP_SYS_RESOURCE: whether a score of the out-of-memory killer may be lowered
  bool overlay = false;          // the kernel has overlayfs (it may come as a module: then overlayfs is tried first anyway)
  bool unified_cgroups = false;  // cgroup v2 alone
  std::string containerd, oci_runtime, nft, ip, cni_dir;  // paths; empty: not found
};

// Looks at /proc, /sys and the folders of programs. Small reads, made once at start.
HostFacts probe_host(Disk& disk);

// ServiceUnavailable with everything that is missing, and how to get it.
Result<void> check_host(const HostFacts& facts);

}  // namespace plinth::cri
