// One look at one instance, node by node. Internal to the step: what each node needs (instance_nodes.cpp), what changes
// (instance_changes.cpp), what is said (instance_report.cpp).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compose/apply_set/apply_set.h"
#include "compose/instance/child.h"
#include "compose/instance/instance_status.h"
#include "compose/instance/instance_step.h"
#include "compose/instance/render.h"

namespace plinth::compose {

// Looked at again after so long while something is under way that no event may end.
inline constexpr std::int64_t kPendingRevisitNs = 30'000'000'000;
// After an apply of what is there: it may turn out to change nothing, and then nothing tells of it.
inline constexpr std::int64_t kAppliedRevisitNs = 1'000'000'000;

enum class NodeState : std::uint8_t { kPending, kWaiting, kSynced, kSkipped, kError, kDeleting };

std::string_view node_state_text(NodeState state);

struct DesiredChild {
  ChildKey key;
  std::string path;  // of the API
  Document configuration;
  std::optional<client::Object> observed;
  bool applied = false;
  bool ready = false;
  bool drawn = false;  // holds what was drawn now: it must not be written over one that is there
};

struct NodeRun {
  NodeState state = NodeState::kPending;
  std::string message;
  std::vector<DesiredChild> children;
};

class InstanceRun {
 public:
  explicit InstanceRun(const InstanceInput& in)
      : in_(in),
        graph_(*in.graph),
        parent_(parent_of(in.instance, in.api)),
        variables_(graph_, in.instance.document, memory_),
        runs_(graph_.nodes.size()) {}

  InstanceResult run();

 private:
  void process(std::size_t index);
  bool wait_for_needs(const Node& node, NodeRun& run, const std::vector<std::size_t>& needs, std::string_view what);
  bool is_included(const Node& node, NodeRun& run);
  void process_external(const Node& node, NodeRun& run);
  void process_external_list(const Node& node, NodeRun& run, const Document& reference);
  void process_template(const Node& node, NodeRun& run);
  bool is_foreign(const client::Object& object) const;
  bool observe(const Node& node, NodeRun& run, DesiredChild& child);
  void check_ready(const Node& node, NodeRun& run, const std::vector<Document>& observed);
  bool is_item_ready(const Node& node, NodeRun& run, const Document& observed, std::size_t index);
  void fail(NodeRun& run, const Unresolved& unresolved) {
    run.state = unresolved.pending ? NodeState::kPending : NodeState::kError;
    run.message = unresolved.message;
  }
  const client::Failure* failure_of(const std::string& path) const;
  std::string external_namespace(const Node& node, const Document& reference) const;

  Inventory desired_inventory() const;
  void plan_applies(client::Plan& first, client::Plan& plan);
  bool plan_prune(client::Plan& plan) const;
  void report(client::Plan& plan);
  void add_author_conditions(ConditionSet& own, StatusReport& status);
  Document status_fields();
  InstanceState state_of(std::string& problems, bool& deleting) const;
  bool settled() const;

  const InstanceInput& in_;
  const Graph& graph_;
  const ParentInstance parent_;
  cel::Memory memory_;
  Variables variables_;
  std::vector<NodeRun> runs_;
  std::set<ChildKey> identities_;
  std::set<ExternalRead> reads_;
  bool applying_ = false, reapplying_ = false, pruning_ = false;
};

}  // namespace plinth::compose
