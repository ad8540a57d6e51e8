// What an instance says about itself and its children.
#include <algorithm>

#include "base/time_text.h"
#include "compose/instance/author_conditions.h"
#include "compose/instance/instance_run.h"

namespace plinth::compose {

std::string_view node_state_text(NodeState state) {
  switch (state) {
    case NodeState::kPending:
      return "IN_PROGRESS";
    case NodeState::kWaiting:
      return "WAITING_FOR_READINESS";
    case NodeState::kSynced:
      return "SYNCED";
    case NodeState::kSkipped:
      return "SKIPPED";
    case NodeState::kError:
      return "ERROR";
    case NodeState::kDeleting:
      return "DELETING";
  }
  return "";
}

InstanceState InstanceRun::state_of(std::string& problems, bool& deleting) const {
  bool error = false, waiting = false;
  for (std::size_t i : graph_.order) {
    const NodeRun& run = runs_[i];
    if (run.state == NodeState::kSynced || run.state == NodeState::kSkipped) continue;
    error = error || run.state == NodeState::kError;
    deleting = deleting || run.state == NodeState::kDeleting;
    waiting = true;
    problems += (problems.empty() ? "" : "; ") + run.message;
  }
  return error ? InstanceState::kError : waiting ? InstanceState::kInProgress : InstanceState::kActive;
}

// Each leaf on its own: what cannot be told yet is left out.
Document InstanceRun::status_fields() {
  if (graph_.status.empty()) return Document();
  Draft draft;
  draft.root() = draft.object();
  for (const StatusField& field : graph_.status) {
    const bool skipped = std::any_of(field.parts.begin(), field.parts.end(), [&](const CompiledField::Part& part) {
      if (part.expression == nullptr) return false;
      for (const std::string& name : part.expression->variables) {
        const Node* node = graph_.find(name);
        if (node != nullptr && variables_.values()[node->slot].is(cel::Kind::kAbsent)) return true;
      }
      return false;
    });
    if (skipped) continue;
    Evaluated evaluated = evaluate_parts(field.parts, field.standalone, variables_, draft);
    if (!evaluated.value || evaluated.value->is_null()) continue;
    Value* at = &draft.root();
    for (const PathStep& step : field.path) {
      if (!step.is_index) {
        at = &draft.member(*at, step.key);
        continue;
      }
      while (at->size() <= step.index) draft.push(*at);
      at = &draft.item(*at, step.index);
    }
    *at = *evaluated.value;
  }
  return std::move(draft).finish();
}

void InstanceRun::add_author_conditions(ConditionSet& own, StatusReport& status) {
  AuthorConditions made =
      evaluate_author_conditions(graph_, in_.instance, variables_, own, read_conditions(in_.instance["status"]["conditions"]),
                                 format_rfc3339(in_.context.wall_ns));
  status.authored = std::move(made.conditions);
  if (made.failure.empty()) return;
  status.state = InstanceState::kError;
  status.trouble = made.failure;
}

void InstanceRun::report(client::Plan& plan) {
  ConditionSet conditions = instance_conditions(in_.instance.document.root(), format_rfc3339(in_.context.wall_ns));
  conditions.set("InstanceManaged", ConditionStatus::kTrue, "Managed",
                 "instance is properly managed with finalizers and labels");
  conditions.set("GraphResolved", ConditionStatus::kTrue, "Resolved", "runtime graph created and all resources resolved");
  StatusReport status;
  std::string problems;
  bool deleting = false;
  status.state = state_of(problems, deleting);
  if (status.state == InstanceState::kActive) {
    conditions.set("ResourcesReady", ConditionStatus::kTrue, "AllResourcesReady", "all resources are created and ready");
  } else {
    const bool awaiting = deleting || std::any_of(runs_.begin(), runs_.end(),
                                                  [](const NodeRun& run) { return run.state == NodeState::kWaiting; });
    const std::string_view prefix = status.state == InstanceState::kError ? "resource reconciliation failed: "
                                    : awaiting                            ? "awaiting resource readiness: "
                                                                          : "waiting for unresolved resource: ";
    conditions.set("ResourcesReady", ConditionStatus::kFalse, deleting ? "ResourceDeleting" : "NotReady",
                   std::string(prefix) + problems);
  }
  for (std::size_t i : graph_.order) {
    const Node& node = graph_.nodes[i];
    const NodeRun& run = runs_[i];
    ResourceReport row{
        node.id,     node.kind.resource.api_version(), node.kind.resource.kind, "", "", std::string(node_state_text(run.state)),
        run.message, run.state == NodeState::kSynced};
    if (run.children.empty()) status.resources.push_back(row);
    for (const DesiredChild& child : run.children) {
      row.ready = child.ready;
      row.name_space = child.key.name_space;
      row.name = child.key.name;
      status.resources.push_back(row);
    }
  }
  status.fields = status_fields();
  status.legacy = graph_.owner.dialect == Dialect::kResourceGroup2024;
  if (in_.tell_revision) status.revision = in_.revision;
  if (!graph_.conditions.empty()) add_author_conditions(conditions, status);
  plan_status(in_.view, in_.instance, status, conditions, in_.context.wall_ns, plan);
}

}  // namespace plinth::compose
