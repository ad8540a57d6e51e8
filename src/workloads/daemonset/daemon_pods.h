// Pods of a DaemonSet: where they belong, what they are made of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

inline constexpr std::string_view kDaemonSetController = "daemon-set-controller";

struct NodeFit {
  bool should_run = false;
  bool may_stay = false;  // one that is there
};

// Decides for one DaemonSet, node by node.
class DaemonFit {
 public:
  explicit DaemonFit(const client::Object& set);
  NodeFit on(const client::Object& node) const;

 private:
  Draft spec_;  // of a pod, with the tolerations that all daemons get
};

// The node that a pod is on, or is meant for; "" for neither.
std::string_view target_node(const client::Object& pod);

// A pod for one node. `hash`: the label of its revision.
client::Request create_daemon_pod(const client::Object& set, const std::string& node, const std::string& name,
                                  const std::string& hash);
// Whether a pod was made of the set's present template.
bool is_updated(const client::Object& set, const client::Object& pod, std::string_view hash);

}  // namespace plinth::workloads
