#include "compose/instance/instance_step.h"

#include <algorithm>

#include "api/label_selector.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/text.h"
#include "base/time_text.h"
#include "compose/apply_set/apply_set.h"
#include "compose/digest.h"
#include "compose/instance/instance_status.h"
#include "compose/instance/managed.h"
#include "compose/instance/render.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

using client::Object;

// Looked at again after so long while something is under way that no event may end.
constexpr std::int64_t kPendingRevisitNs = 30'000'000'000;

enum class NodeState : std::uint8_t { kPending, kWaiting, kSynced, kSkipped, kError, kDeleting };

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

struct DesiredChild {
  ChildKey key;
  std::string path;  // of the API
  Document configuration;
  std::optional<Object> observed;
  bool applied = false;
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
  bool observe(const Node& node, NodeRun& run, DesiredChild& child);
  void check_ready(const Node& node, NodeRun& run, const std::vector<Document>& observed);
  void fail(NodeRun& run, const Unresolved& unresolved) {
    run.state = unresolved.pending ? NodeState::kPending : NodeState::kError;
    run.message = unresolved.message;
  }
  const client::Failure* failure_of(const std::string& path) const;
  std::string external_namespace(const Node& node, const Document& reference) const;

  Inventory desired_inventory() const;
  void plan_applies(client::Plan& plan);
  bool plan_prune(client::Plan& plan) const;
  void report(client::Plan& plan);
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
  bool applying_ = false, pruning_ = false;
};

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
  client::Plan children;
  plan_applies(children);
  const bool done = settled();
  if (done) pruning_ = plan_prune(children);
  // What is gone is no longer remembered.
  if (done && !pruning_ && !(before == desired_inventory())) plan_inventory(in_, parent_, desired_inventory(), plan);
  // While children are being written, what is said of them is out of date at once; and a status is not written over a change of
  // the instance that is on its way.
  const bool worth_telling = !applying_ || !in_.context.failures.empty();
  if (worth_telling && plan.requests.empty() && !instance_changes) report(plan);
  plan.independent_from = plan.requests.size();
  for (client::Request& request : children.requests) plan.requests.push_back(std::move(request));
  const bool active = std::all_of(runs_.begin(), runs_.end(), [](const NodeRun& r) {
    return r.state == NodeState::kSynced || r.state == NodeState::kSkipped;
  });
  if (!active || applying_ || pruning_) plan.revisit_ns = kPendingRevisitNs;
  result.reads = std::move(reads_);
  return result;
}

void InstanceRun::process(std::size_t index) {
  const Node& node = graph_.nodes[index];
  NodeRun& run = runs_[index];
  for (std::size_t need : node.needs) {
    if (runs_[need].state != NodeState::kSkipped) continue;
    run.state = NodeState::kSkipped;
    run.message = "depends on " + quoted(graph_.nodes[need].id) + ", which is not included";
    return;
  }
  if (!is_included(node, run)) return;
  if (!wait_for_needs(node, run, node.needs, "dependent node")) return;
  if (node.is_external())
    process_external(node, run);
  else
    process_template(node, run);
}

bool InstanceRun::wait_for_needs(const Node& node, NodeRun& run, const std::vector<std::size_t>& needs, std::string_view what) {
  for (std::size_t need : needs) {
    if (runs_[need].state == NodeState::kSynced) continue;
    run.state = NodeState::kPending;
    run.message = "node " + quoted(node.id) + ": " + std::string(what) + " " + quoted(graph_.nodes[need].id) + " not ready";
    return false;
  }
  return true;
}

bool InstanceRun::is_included(const Node& node, NodeRun& run) {
  if (!wait_for_needs(node, run, node.include_needs, "includeWhen dependency")) return false;
  for (const Expression& condition : node.include_when) {
    const Verdict verdict = evaluate_condition(condition, variables_);
    // A field of the instance that is not set will not come by itself: it counts as false.
    const bool absent = verdict.unresolved && verdict.unresolved->pending && reads_schema_only(condition);
    if (verdict.unresolved && !absent) {
      fail(run, {verdict.unresolved->pending, "node " + quoted(node.id) + ": includeWhen: " + verdict.unresolved->message});
      return false;
    }
    if (!verdict.value) {
      run.state = NodeState::kSkipped;
      run.message = "includeWhen " + quoted(condition.text) + " is false";
      return false;
    }
  }
  return true;
}

std::string InstanceRun::external_namespace(const Node& node, const Document& reference) const {
  if (!node.kind.resource.namespaced) return "";
  const std::string_view given = reference["metadata"]["namespace"].as_string();
  return std::string(given.empty() ? std::string_view(in_.instance.name_space) : given);
}

void InstanceRun::process_external(const Node& node, NodeRun& run) {
  Rendered rendered = render(node, variables_);
  if (rendered.unresolved) return fail(run, *rendered.unresolved);
  const Document& reference = rendered.objects[0];
  if (node.type == NodeType::kExternalCollection) return process_external_list(node, run, reference);
  const std::string name_space = external_namespace(node, reference), name(reference["metadata"]["name"].as_string());
  reads_.insert({node.kind.resource.group, node.kind.resource.kind, name_space, name});
  const auto found = in_.view.get(node.kind.resource, name_space, name);
  if (!found) {
    run.state = NodeState::kPending;
    run.message = "node " + quoted(node.id) + ": waiting for " +
                  ChildKey{node.kind.resource.group, node.kind.resource.kind, name_space, name}.text() +
                  ", which does not exist";
    return;
  }
  run.children.push_back({key_of_child(*found), "", Document(), *found, true});
  variables_.set_object(node, found->document);
  check_ready(node, run, {found->document});
}

void InstanceRun::process_external_list(const Node& node, NodeRun& run, const Document& reference) {
  const std::string name_space(node.kind.resource.namespaced ? reference["metadata"]["namespace"].as_string()
                                                             : std::string_view());
  reads_.insert({node.kind.resource.group, node.kind.resource.kind, name_space, ""});
  auto selector = api::LabelSelector::from_object(reference["metadata"]["selector"]);
  if (!selector.ok())
    return fail(run, {false, "node " + quoted(node.id) + ": metadata.selector: " + selector.error().message()});
  std::vector<Document> observed;
  in_.view.list(node.kind.resource, name_space, [&](const Object& object) {
    if (selector->matches(object.metadata()["labels"])) observed.push_back(object.document);
    return true;
  });
  variables_.set_list(node, observed);
  check_ready(node, run, observed);
}

const client::Failure* InstanceRun::failure_of(const std::string& path) const {
  for (const client::Failure& failure : in_.context.failures) {
    if (failure.target.starts_with(path) && (failure.target.size() == path.size() || failure.target[path.size()] == '?'))
      return &failure;
  }
  return nullptr;
}

// Whether the object may be ours; what is seen of it is noted.
bool InstanceRun::observe(const Node& node, NodeRun& run, DesiredChild& child) {
  const std::string prefix = "node " + quoted(node.id) + ": " + child.key.text() + ": ";
  if (child.key.name.empty()) {
    fail(run, {false, prefix + "metadata.name is empty"});
    return false;
  }
  if (!identities_.insert(child.key).second) {
    fail(run, {false, prefix + "another resource of this instance renders the same object"});
    return false;
  }
  child.observed = in_.view.get(node.kind.resource, child.key.name_space, child.key.name);
  if (const client::Failure* failure = failure_of(child.path)) {
    fail(run, {false, prefix + "apply failed: " + failure->message});
    return true;
  }
  if (!child.observed) return true;
  const std::string_view set = child.observed->metadata()["labels"][kPartOfLabel].as_string();
  if (!set.empty() && set != parent_.set_id) {
    fail(run, {false, prefix + "belongs to a different ApplySet " + quoted(set) + ", cannot reassign"});
    child.applied = true;  // never written over
    return true;
  }
  if (child.observed->deleting()) {
    run.state = NodeState::kDeleting;
    run.message = prefix + "is being deleted" + finalizers_text(*child.observed);
    child.applied = true;
    return true;
  }
  const std::uint64_t configuration = fnv64a(to_json(child.configuration.root()));
  child.applied = in_.applied.has(child.path, configuration, child.observed->revision) ||
                  is_applied(in_.view, node.kind, *child.observed, child.configuration);
  in_.applied.note(child.path, configuration, child.observed->revision);
  return true;
}

void InstanceRun::process_template(const Node& node, NodeRun& run) {
  Rendered rendered = render(node, variables_);
  if (rendered.unresolved) return fail(run, *rendered.unresolved);
  run.state = NodeState::kSynced;
  const bool collection = node.type == NodeType::kCollection;
  std::vector<Document> observed;
  for (std::size_t i = 0; i < rendered.objects.size(); ++i) {
    const CollectionPlace place{i, rendered.objects.size()};
    DesiredChild child;
    child.configuration = mark_child(rendered.objects[i], parent_, node, collection ? &place : nullptr);
    const Value metadata = child.configuration["metadata"];
    child.key = {node.kind.resource.group, node.kind.resource.kind, std::string(metadata["namespace"].as_string()),
                 std::string(metadata["name"].as_string())};
    child.path = client::object_path(node.kind.resource, child.key.name_space, child.key.name);
    if (!observe(node, run, child)) return;
    if (child.observed) observed.push_back(child.observed->document);
    run.children.push_back(std::move(child));
  }
  if (run.state != NodeState::kSynced) return;
  if (collection)
    variables_.set_list(node, observed);
  else if (!observed.empty())
    variables_.set_object(node, observed[0]);
  if (observed.size() < run.children.size()) {
    run.state = NodeState::kPending;
    run.message = collection ? "node " + quoted(node.id) + ": collection not ready: observed " +
                                   std::to_string(observed.size()) + " but desired " + std::to_string(run.children.size())
                             : "node " + quoted(node.id) + ": " + run.children[0].key.text() + " is being created";
    return;
  }
  check_ready(node, run, observed);
}

void InstanceRun::check_ready(const Node& node, NodeRun& run, const std::vector<Document>& observed) {
  run.state = NodeState::kSynced;
  for (const Expression& condition : node.ready_when) {
    for (std::size_t i = 0; i < observed.size(); ++i) {
      if (node.is_list()) variables_.set(graph_.each_slot, variables_.object(node, observed[i]));
      const Verdict verdict = evaluate_condition(condition, variables_);
      if (verdict.value) continue;
      const std::string item = node.is_list() ? " (item " + std::to_string(i) + ")" : "";
      if (verdict.unresolved && !verdict.unresolved->pending)
        return fail(run, {false, "node " + quoted(node.id) + ": readyWhen" + item + ": " + verdict.unresolved->message});
      run.state = NodeState::kWaiting;
      run.message =
          "node " + quoted(node.id) + ": readyWhen" + item + " " +
          (verdict.unresolved ? verdict.unresolved->message : "condition evaluated to false: " + quoted(condition.text));
      return;
    }
  }
}

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

void InstanceRun::plan_applies(client::Plan& plan) {
  for (std::size_t i : graph_.order) {
    const Node& node = graph_.nodes[i];
    if (node.is_external()) continue;
    for (const DesiredChild& child : runs_[i].children) {
      if (child.applied) continue;
      client::Request request = client::apply_request(node.kind.resource, child.key.name_space, child.key.name,
                                                      child.configuration.root(), kChildManager);
      request.as_service_account = in_.service_account;
      plan.requests.push_back(std::move(request));
      applying_ = true;
    }
  }
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
  for (Object& child : find_children(in_, parent_, Thoroughness::kOwned)) {
    if (wanted.count(key_of_child(child)) == 0) orphans.push_back(std::move(child));
  }
  plan_wave(orphans, in_.service_account, plan);
  return !orphans.empty();
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
    const std::string_view prefix =
        status.state == InstanceState::kError ? "resource reconciliation failed: " : "awaiting resource readiness: ";
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
      row.name_space = child.key.name_space;
      row.name = child.key.name;
      status.resources.push_back(row);
    }
  }
  status.fields = status_fields();
  status.legacy = graph_.owner.dialect == Dialect::kResourceGroup2024;
  plan_status(in_.instance, status, conditions, in_.context.wall_ns, plan);
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
  plan_status(in.instance, report, conditions, in.context.wall_ns, plan);
}

bool is_suspended(const Object& instance) {
  const std::string_view value = instance.metadata()["annotations"][kReconcileAnnotation].as_string();
  return equal_ignore_case(value, "suspended") || equal_ignore_case(value, "disabled");
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
  std::vector<Object> children = find_children(input, parent, Thoroughness::kOwned);
  if (children.empty()) children = find_children(input, parent, Thoroughness::kEverywhere);
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
