// Which pods of a DaemonSet are made and deleted next.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "workloads/daemonset/daemon_pods.h"

namespace plinth::workloads {

// What one step does.
struct DaemonPlan {
  std::vector<std::string> create_on;  // names of nodes
  std::vector<client::Object> remove;
  std::vector<client::Object> failed;  // of `remove`: those that had ended
  std::vector<client::Object> succeeded;
  std::optional<std::int64_t> revisit_ns;
  bool empty() const { return create_on.empty() && remove.empty(); }
};

// All that the decisions look at.
struct DaemonState {
  const client::Object& set;
  const std::vector<client::Object>& nodes;
  const std::map<std::string, std::vector<client::Object>>& pods_on;  // by target node, those that are going included
  std::string hash;
  std::int64_t now_ns = 0;
};

// A pod on every node that should have one, none elsewhere, those that ended replaced.
DaemonPlan place(const DaemonState& state);
// The next turn of a rolling update: within maxUnavailable, or with maxSurge more.
DaemonPlan roll(const DaemonState& state);

}  // namespace plinth::workloads
