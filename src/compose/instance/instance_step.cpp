#include "compose/instance/instance_step.h"

#include <algorithm>

#include "base/time_text.h"
#include "compose/instance/author_conditions.h"
#include "compose/instance/instance_run.h"
#include "compose/instance/managed.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"

namespace plinth::compose {
namespace {

using client::Object;

// They cannot be evaluated, so they stay. Of a deletion they say nothing, so kro's condition stands beside them; whatever else
// keeps the instance is told as an Event.
void keep_author_conditions(const InstanceInput& in, ConditionSet& own, std::string_view type, InstanceState state,
                            StatusReport& report) {
  const std::vector<Condition> shown = read_conditions(in.instance["status"]["conditions"]);
  const Condition& told = *own.find(type);
  if (state == InstanceState::kDeleting)
    report.authored = merged_conditions({told}, shown);
  else
    report.authored = shown;
  if (state != InstanceState::kDeleting) report.trouble = told.reason + ": " + told.message;
}

// The conditions alone, where children are not looked at.
void report_only(const InstanceInput& in, InstanceState state, std::string_view type, ConditionStatus status,
                 std::string_view reason, const std::string& message, client::Plan& plan) {
  ConditionSet conditions = instance_conditions(in.instance.document.root(), format_rfc3339(in.context.wall_ns));
  if (in.instance.has_finalizer(kFinalizer)) {
    conditions.set("InstanceManaged", ConditionStatus::kTrue, "Managed",
                   "instance is properly managed with finalizers and labels");
  }
  if (type != "GraphResolved" && in.graph != nullptr) {
    conditions.set("GraphResolved", ConditionStatus::kTrue, "Resolved", "runtime graph created and all resources resolved");
  }
  conditions.set(type, status, reason, message);
  StatusReport report;
  report.state = state;
  report.legacy = in.owner.dialect == Dialect::kResourceGroup2024;
  // What was said of children and by the author stays.
  Draft kept(in.instance.document.get().at(in.instance["status"].is_object() ? in.instance["status"] : Value::empty_object()));
  report.fields = std::move(kept).finish();
  if (in.tell_revision) report.revision = in.revision;
  const bool authored = in.graph != nullptr ? !in.graph->conditions.empty() : shows_author_conditions(in.instance);
  if (authored) keep_author_conditions(in, conditions, type, state, report);
  plan_status(in.view, in.instance, report, conditions, in.context.wall_ns, plan);
}

std::string remaining_text(const std::vector<Object>& children) {
  constexpr std::size_t kShown = 5;
  std::string out;
  for (std::size_t i = 0; i < children.size() && i < kShown; ++i) {
    out +=
        (i > 0 ? "; " : "") + key_of_child(children[i]).text() + (children[i].deleting() ? finalizers_text(children[i]) : "");
  }
  if (children.size() > kShown) out += "; and " + std::to_string(children.size() - kShown) + " more";
  return out;
}

}  // namespace

InstanceResult InstanceRun::run() {
  InstanceResult result;
  for (std::size_t i : graph_.order) process(i);
  client::Plan& plan = result.plan;
  plan_managed(in_, parent_, plan);
  const Inventory before = read_inventory(in_.instance.metadata()["annotations"]);
  Inventory superset = before;
  superset.add(desired_inventory());
  plan_inventory(in_, parent_, superset, plan);
  const bool instance_changes = !plan.requests.empty();
  // The applies come last and do not depend on each other; what is said of the children is said before.
  client::Plan drawn, children;
  plan_applies(drawn, children);
  const bool done = settled();
  if (done) pruning_ = plan_prune(children);
  // What is gone is no longer remembered.
  if (done && !pruning_ && !(before == desired_inventory())) plan_inventory(in_, parent_, desired_inventory(), plan);
  // While children are being written, what is said of them is out of date at once; and a status is not written over a change of
  // the instance that is on its way.
  const bool worth_telling = !applying_ || !in_.context.failures.empty();
  if (worth_telling && plan.requests.empty() && !instance_changes) report(plan);
  for (client::Request& request : drawn.requests) plan.requests.push_back(std::move(request));
  plan.independent_from = plan.requests.size();
  for (client::Request& request : children.requests) plan.requests.push_back(std::move(request));
  const bool active = std::all_of(runs_.begin(), runs_.end(), [](const NodeRun& r) {
    return r.state == NodeState::kSynced || r.state == NodeState::kSkipped;
  });
  if (!active || applying_ || pruning_) plan.revisit_ns = reapplying_ ? kAppliedRevisitNs : kPendingRevisitNs;
  result.reads = std::move(reads_);
  return result;
}

InstanceResult reconcile_instance(const InstanceInput& input) {
  if (input.graph == nullptr) {
    InstanceResult result;
    report_only(input, InstanceState::kError, "GraphResolved", ConditionStatus::kFalse, "ResolutionFailed", input.graph_problem,
                result.plan);
    return result;
  }
  if (is_suspended(input.instance)) {
    InstanceResult result;
    const ParentInstance parent = parent_of(input.instance, input.api);
    plan_managed(input, parent, result.plan);
    report_only(input, InstanceState::kInProgress, "ResourcesReady", ConditionStatus::kFalse, "ReconciliationSuspended",
                "reconciliation is suspended by the annotation " + std::string(kReconcileAnnotation), result.plan);
    return result;
  }
  return InstanceRun(input).run();
}

client::Plan delete_instance(const InstanceInput& input) {
  client::Plan plan;
  if (!input.instance.has_finalizer(kFinalizer)) return plan;
  const ParentInstance parent = parent_of(input.instance, input.api);
  std::vector<Object> children = find_children(input, parent, Thoroughness::kIndexed);
  if (children.empty()) children = find_children(input, parent, Thoroughness::kListed);
  plan.independent_from = 0;
  std::vector<Object> to_delete;
  for (const Object& child : children) {
    if (is_orphaned(input.instance, child))
      plan.requests.push_back(release_request(child, input.instance.uid));
    else
      to_delete.push_back(child);
  }
  plan_wave(to_delete, input.service_account, plan);
  if (children.empty()) {
    plan.requests.push_back(drop_finalizer_request(input.instance));
    return plan;
  }
  report_only(input, InstanceState::kDeleting, "ResourcesReady", ConditionStatus::kUnknown, "UnderDeletion",
              "waiting for the deletion of " + remaining_text(children), plan);
  plan.revisit_ns = kPendingRevisitNs;
  return plan;
}

}  // namespace plinth::compose
