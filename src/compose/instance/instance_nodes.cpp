// What every node of an instance needs, and how far it is.
#include "api/label_selector.h"
#include "base/json.h"
#include "base/quoted.h"
#include "compose/digest.h"
#include "compose/instance/instance_run.h"
#include "compose/instance/managed.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

using client::Object;

constexpr std::string_view kNoNamespace =
    "metadata.namespace is empty, and an instance of a cluster-scoped kind has none to give";

}  // namespace

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
  if (node.kind.resource.namespaced && name_space.empty())
    return fail(run, {false, "node " + quoted(node.id) + ": " + std::string(kNoNamespace)});
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

// Somebody else's, by its mark.
bool InstanceRun::is_foreign(const client::Object& object) const {
  const std::string_view set = object.metadata()["labels"][kPartOfLabel].as_string();
  return !set.empty() && set != parent_.set_id;
}

// Whether the object may be ours; what is seen of it is noted.
bool InstanceRun::observe(const Node& node, NodeRun& run, DesiredChild& child) {
  const std::string prefix = "node " + quoted(node.id) + ": " + child.key.text() + ": ";
  if (child.key.name.empty()) {
    fail(run, {false, prefix + "metadata.name is empty"});
    return false;
  }
  if (node.kind.resource.namespaced && child.key.name_space.empty()) {
    fail(run, {false, prefix + std::string(kNoNamespace)});
    return false;
  }
  reads_.insert({child.key.group, child.key.kind, child.key.name_space, child.key.name});
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
  if (is_foreign(*child.observed)) {
    fail(run, {false, prefix + "belongs to a different ApplySet " +
                          quoted(child.observed->metadata()["labels"][kPartOfLabel].as_string()) + ", cannot reassign"});
    child.applied = true;  // never written over
    return true;
  }
  if (child.observed->deleting()) {
    run.state = NodeState::kDeleting;
    run.message = "resource " + quoted((child.key.name_space.empty() ? "" : child.key.name_space + "/") + child.key.name) +
                  " for node " + quoted(node.id) + " is currently being deleted" + finalizers_text(*child.observed);
    child.applied = true;
    return true;
  }
  const std::uint64_t configuration = fnv64a(to_json(child.configuration.root()));
  // After a plan that failed it is not known whether its applies were made.
  const bool remembered = in_.context.failures.empty() && in_.applied.has(child.path, configuration, child.observed->revision);
  child.applied = remembered || is_applied(in_.view, node.kind, *child.observed, child.configuration);
  in_.applied.note(child.path, configuration, child.observed->revision);
  return true;
}

void InstanceRun::process_template(const Node& node, NodeRun& run) {
  Rendered rendered = render(node, variables_,
                             {[&](const Value& metadata) {
                                const std::string_view name_space = metadata["namespace"].as_string();
                                const auto found =
                                    in_.view.get(node.kind.resource, name_space.empty() ? in_.instance.name_space : name_space,
                                                 metadata["name"].as_string());
                                return found ? found->document.get() : Document();
                              },
                              nullptr});
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
    child.drawn = rendered.drawn[i];
    child.path = client::object_path(node.kind.resource, child.key.name_space, child.key.name);
    if (!observe(node, run, child)) return;
    if (child.observed && !is_foreign(*child.observed)) observed.push_back(child.observed->document);
    run.children.push_back(std::move(child));
  }
  // What is there can be told of, also when it is not as it should be.
  if (collection)
    variables_.set_list(node, observed);
  else if (!observed.empty())
    variables_.set_object(node, observed[0]);
  if (run.state != NodeState::kSynced) return;
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
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const bool ready = is_item_ready(node, run, observed[i], i);
    if (i < run.children.size()) run.children[i].ready = ready;
  }
}

// Only the first that is not ready is told of.
bool InstanceRun::is_item_ready(const Node& node, NodeRun& run, const Document& observed, std::size_t index) {
  if (node.is_list() && !node.ready_when.empty()) variables_.set(graph_.each_slot, variables_.object(node, observed));
  for (const Expression& condition : node.ready_when) {
    const Verdict verdict = evaluate_condition(condition, variables_);
    if (verdict.value) continue;
    if (run.state == NodeState::kError ||
        (run.state == NodeState::kWaiting && (!verdict.unresolved || verdict.unresolved->pending)))
      return false;
    const std::string prefix =
        "node " + quoted(node.id) + ": readyWhen" + (node.is_list() ? " (item " + std::to_string(index) + ")" : "");
    if (verdict.unresolved && !verdict.unresolved->pending) {
      fail(run, {false, prefix + ": " + verdict.unresolved->message});
      return false;
    }
    run.state = NodeState::kWaiting;
    run.message =
        prefix + " " +
        (verdict.unresolved ? verdict.unresolved->message : "condition evaluated to false: " + quoted(condition.text));
    return false;
  }
  return true;
}

}  // namespace plinth::compose
