// One look at an instance: what its children should be, what they are, and which requests bring them together.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/controller.h"
#include "compose/graph/graph.h"
#include "compose/instance/child.h"
#include "compose/instance/child_index.h"

namespace plinth::compose {

// Objects that an instance looks at: its children, whatever somebody makes of their labels, and what it only refers to.
struct ExternalRead {
  std::string group, kind, name_space, name;  // name "": any; namespace "": any
  friend auto operator<=>(const ExternalRead&, const ExternalRead&) = default;
};

// Applies that were asked for, so that one that changes nothing is not asked for again. Kept between steps; losing it costs
// requests only.
class AppliedMemory {
 public:
  void note(const std::string& child_path, std::uint64_t configuration, std::uint64_t revision) {
    entries_[child_path] = {configuration, revision};
  }
  bool has(const std::string& child_path, std::uint64_t configuration, std::uint64_t revision) const {
    const auto found = entries_.find(child_path);
    return found != entries_.end() && found->second == std::pair(configuration, revision);
  }
  void forget(const std::string& child_path) { entries_.erase(child_path); }

 private:
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> entries_;
};

struct InstanceInput {
  const client::View& view;
  client::Object instance;
  const ApiSchema& api;
  DefinitionOwner owner;
  GraphPtr graph;  // null: there is none, for this reason
  std::string graph_problem;
  std::int64_t revision = 0;    // of the graph
  bool tell_revision = false;   // in the status: there is a rollout
  std::string service_account;  // "system:serviceaccount:ns:name", or "": the controller's own rights
  const client::StepContext& context;
  AppliedMemory& applied;
  const ChildIndex* children = nullptr;  // null: children are found by owner reference and inventory only
};

struct InstanceResult {
  client::Plan plan;
  std::set<ExternalRead> reads;
};
InstanceResult reconcile_instance(const InstanceInput& input);

// An instance that is being deleted: its children go by inventory, no definition needed.
client::Plan delete_instance(const InstanceInput& input);

inline constexpr std::string_view kInstanceController = "instance-controller";

}  // namespace plinth::compose
