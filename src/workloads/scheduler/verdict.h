// Whether a pod can go to a node, in kube-scheduler's words.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace plinth::workloads {

struct Verdict {
  std::vector<std::string> reasons;  // none: it fits
  bool final = false;                // it would not fit if pods of lower priority made room either
  bool fits() const { return reasons.empty(); }

  static Verdict ok() { return {}; }
  static Verdict refuse(std::string reason) { return {{std::move(reason)}, false}; }
  static Verdict refuse_for_good(std::string reason) { return {{std::move(reason)}, true}; }
};

// "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."
std::string nodes_message(std::size_t nodes, const std::map<std::string, std::size_t>& reasons);

}  // namespace plinth::workloads
