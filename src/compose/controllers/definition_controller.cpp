#include "compose/controllers/definition_controller.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/time_text.h"
#include "compose/definition/crd_diff.h"
#include "compose/definition/generated_crd.h"
#include "compose/graph/revision.h"
#include "compose/instance/instance_status.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"

namespace plinth::compose {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "resource-graph-definition-controller";
// A kind that is waited for is looked for so often: it may be served later than its definition says.
constexpr std::int64_t kWaitingEveryNs = 1'000'000'000;
// A definition that is refused is looked at again so often: what it was refused for may have changed unseen.
constexpr std::int64_t kRefusedEveryNs = 30'000'000'000;
// The counts of instances are written no more often.
constexpr std::int64_t kCountsEveryNs = 1'000'000'000;

std::string_view resource_graph_state(bool active) { return active ? "Active" : "Inactive"; }

bool is_established(const Object& crd) {
  for (const Value& c : crd["status"]["conditions"].items()) {
    if (c["type"].as_string() == "Established") return c["status"].as_string() == "True";
  }
  return false;
}

Value order_value(Draft& draft, const Graph& graph) {
  Value out = draft.array(graph.order.size());
  for (const std::string& id : graph.order_ids()) draft.push(out, draft.text(id));
  return out;
}

// Only those that depend on something.
Value resources_value(Draft& draft, const Graph& graph) {
  Value out = draft.array();
  for (std::size_t i : graph.order) {
    const Node& node = graph.nodes[i];
    if (node.needs.empty()) continue;
    Value row = draft.object();
    draft.set(row, "id", node.id);
    Value list = draft.array();
    for (std::size_t need : node.needs) {
      Value dependency = draft.object();
      draft.set(dependency, "id", graph.nodes[need].id);
      draft.push(list, dependency);
    }
    draft.member(row, "dependencies") = list;
    draft.push(out, row);
  }
  return out;
}

// One look at one definition.
class DefinitionStep {
 public:
  DefinitionStep(const View& view, Definitions& definitions, const DefinitionKey& key, const Object& object,
                 const client::StepContext& context, std::int64_t revisions_kept)
      : view_(view),
        definitions_(definitions),
        key_(key),
        object_(object),
        context_(context),
        revisions_kept_(revisions_kept),
        owner_(owner_of(key, object)),
        old_form_(key.dialect == Dialect::kResourceGroup2024) {}

  Plan run(std::int64_t counts_written_ns, bool* counts_changed);

 private:
  void find_revision();
  Result<void> plan_crd(const Graph& graph);
  void plan_revision(const Graph& graph);
  void plan_revision_status(const Object& revision, const Graph& graph);
  void plan_cleanup();
  void accept(const Graph& graph);
  void refuse(const std::string& message);
  void set(ConditionSet& conditions, std::string_view type, ConditionStatus status, std::string_view reason,
           std::string_view message) const;
  void plan_status(const Graph* graph, std::int64_t counts_written_ns, bool* counts_changed);
  ConditionSet make_conditions() const;
  void fill_conditions(ConditionSet& conditions) const;
  void fill_old_conditions(ConditionSet& conditions) const;
  const client::Failure* failure_of(std::string_view plural) const;

  const View& view_;
  Definitions& definitions_;
  const DefinitionKey key_;
  const Object& object_;
  const client::StepContext& context_;
  const std::int64_t revisions_kept_;
  const DefinitionOwner owner_;
  const bool old_form_;
  Plan plan_;
  std::vector<client::Request> outdated_;  // deletions of revisions, which nothing waits for
  std::int64_t latest_ = 0;                // number of the newest revision
  std::optional<Object> revision_;         // it, when it is there
  std::string problem_;                    // why the graph is not accepted
  std::string kind_problem_;               // why the CRD is not
  std::string revision_problem_;           // why the newest revision could not be made
  bool established_ = false, making_kind_ = false;
};

Plan DefinitionStep::run(std::int64_t counts_written_ns, bool* counts_changed) {
  find_revision();
  const Document spec = object_.document.get().at(object_["spec"]);
  const std::string hash = spec_hash(spec.root());
  const BuildResult& built = definitions_.graph(view_, owner_, spec, hash);
  if (built.graph == nullptr) {
    refuse(built.failure.message);
    plan_.revisit_ns = built.failure.waits_for.empty() ? kRefusedEveryNs : kWaitingEveryNs;
  } else {
    auto crd = plan_crd(*built.graph);
    if (crd.ok())
      accept(*built.graph);
    else
      kind_problem_ = crd.error().message();
  }
  std::vector<client::Request> work = std::exchange(plan_.requests, {});
  plan_status(built.graph.get(), counts_written_ns, counts_changed);
  // A request that fails ends the plan: what is said of the one that failed comes before it is tried again.
  const bool failed = !kind_problem_.empty() || !revision_problem_.empty();
  plan_.requests.insert(failed ? plan_.requests.end() : plan_.requests.begin(), std::make_move_iterator(work.begin()),
                        std::make_move_iterator(work.end()));
  for (client::Request& request : outdated_) plan_.requests.push_back(std::move(request));
  return std::move(plan_);
}

// A revision may be newer than the status knows of, when the platform ended in between.
void DefinitionStep::find_revision() {
  latest_ = object_["status"]["lastIssuedRevision"].as_int();
  revision_ = get_revision(view_, key_, latest_);
  while (auto next = get_revision(view_, key_, latest_ + 1)) {
    ++latest_;
    revision_ = std::move(next);
  }
}

Result<void> DefinitionStep::plan_crd(const Graph& graph) {
  const auto crds = view_.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
  const std::string name = graph.api.crd_name();
  const auto existing = view_.get(*crds, "", name);
  if (const client::Failure* failure = failure_of("customresourcedefinitions"); failure != nullptr)
    kind_problem_ = failure->message;
  if (!existing) {
    making_kind_ = true;
    plan_.requests.push_back(client::create_request(*crds, "", graph.crd.root(), kName));
    return {};
  }
  if (existing->deleting()) return bad_request("CRD " + name + " is being deleted; it is made again when it is gone");
  if (auto owned = check_crd_owner(existing->document.root(), owner_); !owned.ok()) {
    // The API of a definition that is gone may be taken over.
    const auto other = definitions_.owner_of_kind(name);
    if (!other || get_definition(view_, *other)) return owned;
  }
  const bool allowed = object_.metadata()["annotations"][kAllowBreakingAnnotation].as_string() == "true";
  if (!allowed) TRY(check_breaking_changes(name, compare_crds(existing->document.root(), graph.crd.root())));
  const Document patch = crd_patch(existing->document.root(), graph.crd.root());
  if (!patch.is_null())
    plan_.requests.push_back(client::merge_patch_request(*existing, "", Draft(patch), /*same_revision=*/false, kName));
  established_ = is_established(*existing);
  return {};
}

const client::Failure* DefinitionStep::failure_of(std::string_view plural) const {
  for (const client::Failure& failure : context_.failures) {
    if (failure.target.find("/" + std::string(plural)) != std::string::npos && failure.reason != Reason::kConflict)
      return &failure;
  }
  return nullptr;
}

void DefinitionStep::accept(const Graph& graph) {
  const bool known = revision_ && revision_->metadata()["labels"][kRevisionHashLabel].as_string() == graph.hash;
  if (!known) {
    if (const client::Failure* failure = failure_of(kGraphRevisions); failure != nullptr) revision_problem_ = failure->message;
    ++latest_;
    plan_revision(graph);
    return;
  }
  plan_revision_status(*revision_, graph);
  plan_cleanup();
}

void DefinitionStep::refuse(const std::string& message) { problem_ = message; }

void DefinitionStep::plan_revision(const Graph& graph) {
  const auto resource = view_.find_resource(kRevisionGroup, kGraphRevisions);
  if (!resource) return;
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.root(), "apiVersion", resource->api_version());
  draft.set(draft.root(), "kind", resource->kind);
  Value metadata = draft.object();
  draft.set(metadata, "name", revision_name(key_.revision_base(), latest_));
  Value labels = draft.object();
  draft.set(labels, kRevisionHashLabel, graph.hash);
  draft.set(labels, kDefinitionIdLabel, owner_.uid);
  draft.set(labels, kDefinitionNameLabel, owner_.name);
  if (old_form_) draft.set(labels, kDefinitionNamespaceLabel, owner_.name_space);
  draft.member(metadata, "labels") = labels;
  if (!old_form_) {
    Value reference = draft.object();
    draft.set(reference, "apiVersion", object_.resource.api_version());
    draft.set(reference, "kind", object_.resource.kind);
    draft.set(reference, "name", object_.name);
    draft.set(reference, "uid", object_.uid);
    draft.set(reference, "controller", Value::of(true));
    draft.set(reference, "blockOwnerDeletion", Value::of(true));
    draft.push(draft.member(metadata, "ownerReferences"), reference);
  }
  draft.member(draft.root(), "metadata") = metadata;
  Value spec = draft.object();
  draft.set(spec, "revision", Value::of(latest_));
  Value snapshot = draft.object();
  draft.set(snapshot, "name", key_.snapshot_name());
  draft.set(snapshot, "generation", Value::of(object_.metadata()["generation"].as_int()));
  Value copy = draft.clone(object_["spec"]);
  if (old_form_) draft.remove(copy, "defaultServiceAccounts");
  draft.member(snapshot, "spec") = copy;
  draft.member(spec, "snapshot") = snapshot;
  draft.member(draft.root(), "spec") = spec;
  plan_.requests.push_back(client::create_request(*resource, "", draft.root(), kName));
}

void DefinitionStep::plan_revision_status(const Object& revision, const Graph& graph) {
  ConditionSet conditions(revision.document.root(), {"GraphVerified"}, format_rfc3339(context_.wall_ns));
  conditions.set("GraphVerified", ConditionStatus::kTrue, "Verified", "");
  Draft next(revision.document);
  Value status = next.object();
  next.member(status, "topologicalOrder") = order_value(next, graph);
  next.member(status, "resources") = resources_value(next, graph);
  next.member(status, "conditions") = conditions.to_value(next);
  if (equal(status, revision["status"])) return;
  next.member(next.root(), "status") = status;
  plan_.requests.push_back(client::update_request(revision, "status", next.root(), kName));
}

void DefinitionStep::plan_cleanup() {
  std::set<std::int64_t> kept;
  if (const Object* settings = definitions_.settings_of(key_)) {
    kept.insert((*settings)["spec"]["rollout"]["pinnedRevision"].as_int());
    if (const auto rollout = read_rollout_state(*settings)) kept.insert({rollout->stable, rollout->target});
  }
  for (std::int64_t number = latest_ - revisions_kept_; number > 0; --number) {
    const auto old = get_revision(view_, key_, number);
    if (!old) break;
    if (kept.count(number) == 0 && !old->deleting())
      outdated_.push_back(client::delete_request(*old, "Background", /*same_revision=*/false));
  }
}

ConditionSet DefinitionStep::make_conditions() const {
  const std::string now = format_rfc3339(context_.wall_ns);
  if (old_form_)
    return ConditionSet(object_.document.root(), {"ReconcilerReady", "GraphVerified", "CustomResourceDefinitionSynced"}, now);
  return ConditionSet(object_.document.root(), {"GraphRevisionsResolved", "GraphAccepted", "KindReady", "ControllerReady"}, now,
                      {"ResourceGraphAccepted"});
}

void DefinitionStep::fill_conditions(ConditionSet& conditions) const {
  using S = ConditionStatus;
  const std::string revision = std::to_string(latest_);
  if (!revision_problem_.empty()) {
    conditions.set("GraphRevisionsResolved", S::kFalse, "Failed", "revision " + revision + ": " + revision_problem_);
  } else if (revision_ || (latest_ > 0 && problem_.empty())) {
    conditions.set("GraphRevisionsResolved", S::kTrue, "Resolved", "revision " + revision + " compiled and active");
  }
  const std::string& refused = problem_.empty() ? kind_problem_ : problem_;
  if (refused.empty())
    conditions.set("GraphAccepted", S::kTrue, "Valid", "resource graph and schema are valid");
  else
    conditions.set("GraphAccepted", S::kFalse, "InvalidResourceGraph", refused);
  if (!kind_problem_.empty())
    conditions.set("KindReady", S::kFalse, "Failed", kind_problem_);
  else if (established_)
    conditions.set("KindReady", S::kTrue, "Ready", "kind has been accepted and ready");
  if (established_) conditions.set("ControllerReady", S::kTrue, "Running", "controller is running");
}

// The form of 2024 tells errors as reasons.
void DefinitionStep::fill_old_conditions(ConditionSet& conditions) const {
  using S = ConditionStatus;
  constexpr std::string_view kGraph = "Directed Acyclic Graph is synced", kKind = "Custom Resource Definition is synced",
                             kReconciler = "micro controller is ready";
  if (!problem_.empty()) {
    conditions.set("GraphVerified", S::kFalse, problem_, kGraph);
    conditions.set("ReconcilerReady", S::kUnknown, "Faulty Graph", kReconciler);
    conditions.set("CustomResourceDefinitionSynced", S::kUnknown, "Faulty Graph", kKind);
    return;
  }
  conditions.set("GraphVerified", S::kTrue, "", kGraph);
  if (!kind_problem_.empty()) {
    conditions.set("CustomResourceDefinitionSynced", S::kFalse, kind_problem_, kKind);
    conditions.set("ReconcilerReady", S::kUnknown, "CRD not-synced", kReconciler);
  } else if (established_) {
    conditions.set("CustomResourceDefinitionSynced", S::kTrue, "", kKind);
    conditions.set("ReconcilerReady", S::kTrue, "", kReconciler);
  }
}

void DefinitionStep::plan_status(const Graph* graph, std::int64_t counts_written_ns, bool* counts_changed) {
  // A kind that is being made is told of when it is there.
  if (making_kind_ && context_.failures.empty()) return;
  ConditionSet conditions = make_conditions();
  if (old_form_)
    fill_old_conditions(conditions);
  else
    fill_conditions(conditions);
  const bool active = old_form_ ? conditions.is_true("GraphVerified") && conditions.is_true("CustomResourceDefinitionSynced") &&
                                      conditions.is_true("ReconcilerReady")
                                : conditions.is_true("GraphAccepted") && conditions.is_true("KindReady") &&
                                      conditions.is_true("ControllerReady");
  Draft next(object_.document);
  Value status = next.clone(object_["status"].is_object() ? object_["status"] : Value::empty_object());
  next.set(status, "state", resource_graph_state(active));
  if (graph != nullptr && kind_problem_.empty()) {
    next.member(status, "topologicalOrder") = order_value(next, *graph);
    next.member(status, "resources") = resources_value(next, *graph);
  }
  const std::int64_t issued = revision_problem_.empty() ? latest_ : latest_ - 1;
  if (issued > 0) next.set(status, "lastIssuedRevision", Value::of(issued));
  next.member(status, "conditions") = conditions.to_value(next);
  const bool same_but_counts = equal(status, object_["status"]);
  const Definitions::Counts counts = definitions_.counts(key_);
  Value shown = next.object();
  next.set(shown, "total", Value::of(static_cast<std::int64_t>(counts.total)));
  next.set(shown, "unhealthy", Value::of(static_cast<std::int64_t>(counts.unhealthy)));
  *counts_changed =
      !equal(shown, object_["status"]["instances"]) && (counts.total > 0 || object_["status"].find("instances") != nullptr);
  if (*counts_changed) next.member(status, "instances") = shown;
  if (equal(status, object_["status"])) return;
  if (same_but_counts && context_.wall_ns - counts_written_ns < kCountsEveryNs) {
    plan_.revisit_ns = kCountsEveryNs;
    *counts_changed = false;
    return;
  }
  next.member(next.root(), "status") = status;
  plan_.requests.push_back(client::update_request(object_, "status", next.root(), kName));
  client::EventRecorder events(view_, kName, context_.wall_ns, plan_);
  tell_transitions(events, object_, read_conditions(object_["status"]["conditions"]), conditions.conditions());
}

// Keys are texts of DefinitionKeys.
class DefinitionController final : public client::Controller {
 public:
  DefinitionController(std::shared_ptr<Definitions> definitions, DefinitionOptions options)
      : definitions_(std::move(definitions)), options_(options) {}
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("apiextensions.k8s.io", "customresourcedefinitions")) {
      // Whose it was before the change counts as well: a deleted one is made again.
      const auto before = definitions_->owner_of_kind(object.name);
      definitions_->follow(change);
      const auto now = definitions_->owner_of_kind(object.name);
      if (before) keys.push_back(before->text());
      if (now && now != before) keys.push_back(now->text());
      // Definitions that wait for a kind, or for the other owner of theirs.
      for (const std::string& waiting : waiting_) keys.push_back(waiting);
      return;
    }
    definitions_->follow(change);
    if (const auto key = definition_of(object)) {
      if (change.deleted)
        for (const std::string& waiting : waiting_) keys.push_back(waiting);
      keys.push_back(key->text());
    } else if (object.resource.is(kRevisionGroup, kGraphRevisions)) {
      keys.push_back(definition_of_revision(object).text());
    } else if (const auto owner = definitions_->owner_of_kind(object.resource.plural + "." + object.resource.group)) {
      keys.push_back(owner->text());
    }
    (void)view;
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    definitions_->load(view);
    for (std::string_view plural : {kGraphDefinitions, kResourceGroups}) {
      const auto resource = view.find_resource(kKroGroup, plural);
      if (!resource) continue;
      view.list(*resource, "", [&](const Object& object) {
        keys.push_back(definition_of(object)->text());
        return true;
      });
    }
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto definition = DefinitionKey::parse(key);
    if (!definition) return plan;
    const auto object = get_definition(view, *definition);
    waiting_.erase(key);
    if (!object) {
      // Revisions of the form of 2024 have no owner that the garbage collector knows.
      if (definition->dialect == Dialect::kResourceGroup2024) plan_orphaned_revisions(view, *definition, plan);
      return plan;
    }
    if (object->deleting()) {
      if (object->has_finalizer(kFinalizer)) plan_deletion(view, *definition, *object, plan);
      return plan;
    }
    if (!object->has_finalizer(kFinalizer)) {
      plan.requests.push_back(finalizer_request(*object, /*held=*/true));
      return plan;
    }
    bool counts_changed = false;
    plan = DefinitionStep(view, *definitions_, *definition, *object, context, options_.revisions_kept)
               .run(counts_written_[key], &counts_changed);
    if (counts_changed) counts_written_[key] = context.wall_ns;
    if ((*object)["status"]["state"].as_string() != "Active" || !plan.requests.empty()) waiting_.insert(key);
    return plan;
  }

 private:
  void plan_deletion(const View& view, const DefinitionKey& key, const Object& object, Plan& plan) const {
    const auto crds = view.find_resource("apiextensions.k8s.io", "customresourcedefinitions");
    if (options_.crd_deletion == CrdDeletion::kYes && crds) {
      const auto crd = view.get(*crds, "", api_schema_of(object["spec"]).crd_name());
      const bool ours = crd && check_crd_owner(crd->document.root(), owner_of(key, object)).ok();
      if (ours && !crd->deleting())
        plan.requests.push_back(client::delete_request(*crd, "Background", /*same_revision=*/false));
    }
    plan.requests.push_back(finalizer_request(object, /*held=*/false));
  }

  static client::Request finalizer_request(const Object& object, bool held) {
    Draft patch;
    patch.root() = patch.object();
    Value& kept = patch.member_path(patch.root(), {"metadata", "finalizers"});
    kept = patch.array();
    for (const Value& f : object.metadata()["finalizers"].items()) {
      if (f.as_string() != kFinalizer) patch.push(kept, patch.clone(f));
    }
    if (held) patch.push(kept, patch.text(kFinalizer));
    return client::merge_patch_request(object, "", std::move(patch), /*same_revision=*/true, kName);
  }

  static void plan_orphaned_revisions(const View& view, const DefinitionKey& key, Plan& plan) {
    const auto resource = view.find_resource(kRevisionGroup, kGraphRevisions);
    if (!resource) return;
    view.list(*resource, "", [&](const Object& revision) {
      if (revision["spec"]["snapshot"]["name"].as_string() == key.snapshot_name() && !revision.deleting()) {
        plan.requests.push_back(client::delete_request(revision, "Background", /*same_revision=*/false));
      }
      return true;
    });
  }

  std::shared_ptr<Definitions> definitions_;
  const DefinitionOptions options_;
  mutable std::set<std::string> waiting_;                       // keys to look at when kinds change
  mutable std::map<std::string, std::int64_t> counts_written_;  // wall time, by key
};

}  // namespace

std::unique_ptr<client::Controller> make_definition_controller(std::shared_ptr<Definitions> definitions,
                                                               DefinitionOptions options) {
  return std::make_unique<DefinitionController>(std::move(definitions), options);
}

}  // namespace plinth::compose
