// The kernel's control groups of pods, above those that the runtime makes for containers.
#pragma once

#include <string>

#include "base/result.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// May block: called on a pool.
class ControlGroups {
 public:
  virtual ~ControlGroups() = default;
  // Makes the group ("/plinth/burstable/podUID") and what is above it, and sets what of processor and memory `resources` names.
  virtual Result<void> apply(const std::string& group, const LinuxResources& resources) = 0;
};

}  // namespace plinth::node
