// Which requests bring the children of an instance to where they should be.
#include <algorithm>

#include "compose/instance/instance_run.h"
#include "compose/instance/managed.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

using client::Object;

}  // namespace

Inventory InstanceRun::desired_inventory() const {
  Inventory out;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (graph_.nodes[i].is_external()) continue;
    for (const DesiredChild& child : runs_[i].children) {
      out.group_kinds.insert(group_kind_text(child.key.group, child.key.kind));
      if (!child.key.name_space.empty() && child.key.name_space != in_.instance.name_space)
        out.namespaces.insert(child.key.name_space);
    }
  }
  return out;
}

// What was drawn is made only where the server has nothing: the view may be behind, and a drawn value cannot be had again.
void InstanceRun::plan_applies(client::Plan& first, client::Plan& plan) {
  bool refused = false;
  for (std::size_t i : graph_.order) {
    const Node& node = graph_.nodes[i];
    if (node.is_external()) continue;
    for (const DesiredChild& child : runs_[i].children) {
      if (child.applied) continue;
      client::Request request = client::apply_request(node.kind.resource, child.key.name_space, child.key.name,
                                                      child.configuration.root(), kChildManager);
      request.as_service_account = in_.service_account;
      const bool fresh = child.drawn && !child.observed;
      refused = refused || (fresh && failure_of(child.path) != nullptr);
      if (fresh) first.requests.push_back(client::check_absent(node.kind.resource, child.key.name_space, child.key.name, ""));
      (fresh ? first : plan).requests.push_back(std::move(request));
      applying_ = true;
      reapplying_ = reapplying_ || child.observed.has_value();
    }
  }
  // One that is refused ends the plan; the others come first then.
  if (refused && !plan.requests.empty()) first.requests.clear();
}

// Everything that should be there is, as it should be: what else carries our mark may go.
bool InstanceRun::settled() const {
  if (applying_ || !in_.context.failures.empty()) return false;
  return std::all_of(runs_.begin(), runs_.end(), [](const NodeRun& run) {
    if (run.state == NodeState::kPending || run.state == NodeState::kError) return false;
    return true;
  });
}

bool InstanceRun::plan_prune(client::Plan& plan) const {
  std::set<ChildKey> wanted;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (graph_.nodes[i].is_external()) continue;
    for (const DesiredChild& child : runs_[i].children) wanted.insert(child.key);
  }
  std::vector<Object> orphans;
  for (Object& child : find_children(in_, parent_, Thoroughness::kIndexed)) {
    if (wanted.count(key_of_child(child)) == 0) orphans.push_back(std::move(child));
  }
  plan_wave(orphans, in_.service_account, plan);
  return !orphans.empty();
}

}  // namespace plinth::compose
