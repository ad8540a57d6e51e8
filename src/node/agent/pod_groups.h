// Control groups of pods and of the classes of service: what pods may use together, and how they share when all want more.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "node/agent/node_parts.h"
#include "node/host/control_groups.h"

namespace plinth::node {

// What the groups above pods get: the node's processors for all of them, the sum of requests for Burstable pods, the least for
// BestEffort ones. Guaranteed pods stand beside these two.
struct TierResources {
  LinuxResources all, burstable, best_effort;
};
TierResources tier_resources(const std::vector<std::shared_ptr<const Pod>>& pods, const api::ResourceAmounts& allocatable);

// On the node's loop.
class PodGroups {
 public:
  // `groups` null: the runtime makes what it needs, and nothing is set. `placed`: pods that have a place on the node.
  PodGroups(NodeParts& parts, ControlGroups* groups, std::function<std::vector<std::shared_ptr<const Pod>>()> placed)
      : parts_(parts), groups_(groups), placed_(std::move(placed)) {}
  ~PodGroups() { *alive_ = false; }

  // Before the pod's sandbox is made.
  void prepare(const Pod& pod, Done<void> done);

 private:
  NodeParts& parts_;
  ControlGroups* groups_;
  std::function<std::vector<std::shared_ptr<const Pod>>()> placed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
