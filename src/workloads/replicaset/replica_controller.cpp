#include "workloads/replicaset/replica_controller.h"

#include <algorithm>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/claim.h"
#include "workloads/common/conditions.h"
#include "workloads/common/hash.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/replicaset/deletion_order.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::Resource;
using client::StepContext;
using client::View;

// Pods made or deleted by one plan.
constexpr std::size_t kPodsPerStepMax = 500;

struct ReplicaKind {
  std::string_view controller;
  Resource resource;
  bool selector_is_map, counts_terminating;
};

api::LabelSelector selector_of(const ReplicaKind& kind, const Object& owner) {
  const Value selector = owner["spec"]["selector"];
  if (kind.selector_is_map)
    return selector.size() == 0 ? api::LabelSelector::nothing() : api::LabelSelector::from_map(selector);
  auto parsed = api::LabelSelector::from_object(selector);
  return parsed.ok() && !parsed->matches_everything() ? std::move(*parsed) : api::LabelSelector::nothing();
}

// Pods of the owner: those that count and those that are going.
struct Pods {
  std::vector<Object> active;
  std::size_t terminating = 0;
};

// Keys are "ns/name".
class ReplicaController final : public client::Controller {
 public:
  explicit ReplicaController(ReplicaKind kind) : kind_(std::move(kind)) {}
  std::string_view name() const override { return kind_.controller; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource == kind_.resource) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
      return;
    }
    if (!object.resource.is("", "pods")) return;
    if (auto key = controller_key(object, kind_.resource.group, kind_.resource.kind)) {
      keys.push_back(std::move(*key));
    } else if (!change.deleted && !object.has_owners()) {
      keys_of_matching(view, kind_.resource, object, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    add_all_keys(view, kind_.resource, keys);
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto owner = view.get(kind_.resource, name_space, name);
    if (!owner) return plan;
    const Pods pods = pods_of(view, *owner, plan);
    const std::int64_t wanted = (*owner)["spec"]["replicas"].as_int();
    const std::int64_t missing = wanted - static_cast<std::int64_t>(pods.active.size());
    const auto failure = missing == 0 ? std::nullopt : pod_failure(context);
    plan_owner_status(*owner, pods, failure, context.wall_ns, plan);
    revisit(*owner, pods, context.wall_ns, plan);
    if (owner->deleting()) return plan;
    client::EventRecorder events(view, name_of(), context.wall_ns, plan);
    if (failure) events.warning(*owner, failure->reason, failure->message);
    if (missing > 0 && !namespace_ends(view, name_space)) plan_creations(view, *owner, missing, events, plan);
    if (missing < 0) plan_deletions(view, *owner, pods.active, -missing, context.wall_ns, events, plan);
    return plan;
  }

 private:
  std::string_view name_of() const { return kind_.controller; }

  Pods pods_of(const View& view, const Object& owner, Plan& plan) const {
    ClaimOptions options;
    options.manager = kind_.controller;
    options.adoptable = is_pod_active;
    Pods out;
    for (Object& pod : claim(view, owner, selector_of(kind_, owner), pods_resource(), options, plan)) {
      if (has_pod_ended(pod)) continue;
      if (pod.deleting())
        ++out.terminating;
      else
        out.active.push_back(std::move(pod));
    }
    return out;
  }

  static void revisit(const Object& owner, const Pods& pods, std::int64_t now_ns, Plan& plan) {
    const std::int64_t min_ready = owner["spec"]["minReadySeconds"].as_int();
    for (const Object& pod : pods.active) earlier(plan.revisit_ns, pod_available_in(pod, min_ready, now_ns));
  }

  void plan_owner_status(const Object& owner, const Pods& pods, const std::optional<PodFailure>& failure, std::int64_t now_ns,
                         Plan& plan) const {
    const std::int64_t min_ready = owner["spec"]["minReadySeconds"].as_int();
    const auto of_template = api::LabelSelector::from_map(owner["spec"]["template"]["metadata"]["labels"]);
    std::int64_t labeled = 0, ready = 0, available = 0;
    for (const Object& pod : pods.active) {
      labeled += of_template.matches(pod.metadata()["labels"]) ? 1 : 0;
      ready += is_pod_ready(pod) ? 1 : 0;
      available += is_pod_available(pod, min_ready, now_ns) ? 1 : 0;
    }
    std::vector<Condition> conditions = read_conditions(owner["status"]["conditions"]);
    if (!failure) {
      remove_condition(conditions, "ReplicaFailure");
    } else if (find_condition(conditions, "ReplicaFailure") == nullptr) {
      conditions.push_back(
          {"ReplicaFailure", "True", std::string(failure->reason), failure->error, "", format_rfc3339(now_ns), ""});
    }
    Draft next(owner.document);
    Value status = next.object(8);
    next.set(status, "replicas", Value::of(static_cast<std::int64_t>(pods.active.size())));
    set_count(next, status, "fullyLabeledReplicas", labeled);
    set_count(next, status, "readyReplicas", ready);
    set_count(next, status, "availableReplicas", available);
    if (kind_.counts_terminating)
      next.set(status, "terminatingReplicas", Value::of(static_cast<std::int64_t>(pods.terminating)));
    set_count(next, status, "observedGeneration", owner.metadata()["generation"].as_int());
    if (!conditions.empty()) next.set(status, "conditions", conditions_value(next, conditions));
    plan_status(owner, std::move(next), status, kind_.controller, plan);
  }

  void plan_creations(const View& view, const Object& owner, std::int64_t missing, client::EventRecorder& events,
                      Plan& plan) const {
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(missing), kPodsPerStepMax);
    const std::string prefix = owner.name + "-";
    std::uint32_t ordinal = 0;
    for (std::size_t made = 0; made < count; ++ordinal) {
      const std::string name = generated_name(prefix, name_suffix(owner.uid, owner.revision, ordinal));
      if (view.get(pods_resource(), owner.name_space, name)) continue;
      plan.requests.push_back(
          create_pod_request(owner, pod_from_template(owner["spec"]["template"], owner, name, prefix), kind_.controller));
      events.normal(owner, "SuccessfulCreate", "Created pod: " + name);
      ++made;
    }
  }

  void plan_deletions(const View& view, const Object& owner, const std::vector<Object>& active, std::int64_t surplus,
                      std::int64_t now_ns, client::EventRecorder& events, Plan& plan) const {
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(surplus), kPodsPerStepMax);
    for (const Object& pod : pods_to_delete(active, related_pods(view, owner, active), count, now_ns)) {
      plan.requests.push_back(client::delete_request(pod, "", /*same_revision=*/false));
      events.normal(owner, "SuccessfulDelete", "Deleted pod: " + pod.name);
    }
  }

  // Pods of all controllers that have the same controller: a rollout spreads by them.
  std::vector<Object> related_pods(const View& view, const Object& owner, const std::vector<Object>& own) const {
    const auto above = controller_of(owner);
    if (!above) return own;
    std::vector<Object> out;
    for (const Object& sibling : view.owned_by(above->uid)) {
      if (sibling.resource != kind_.resource) continue;
      for (Object& pod : view.owned_by(sibling.uid)) {
        if (pod.resource.is("", "pods")) out.push_back(std::move(pod));
      }
    }
    return out;
  }

  const ReplicaKind kind_;
};

}  // namespace

std::unique_ptr<client::Controller> make_replica_set_controller() {
  return std::make_unique<ReplicaController>(
      ReplicaKind{"replicaset-controller", {"apps", "v1", "replicasets", "ReplicaSet", true}, false, true});
}

std::unique_ptr<client::Controller> make_replication_controller() {
  return std::make_unique<ReplicaController>(
      ReplicaKind{"replication-controller", {"", "v1", "replicationcontrollers", "ReplicationController", true}, true, false});
}

}  // namespace plinth::workloads
