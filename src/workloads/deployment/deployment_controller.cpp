#include "workloads/deployment/deployment_controller.h"

#include <algorithm>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/claim.h"
#include "workloads/common/hash.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/deployment/deployment_status.h"
#include "workloads/deployment/scaling.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::Resource;
using client::StepContext;
using client::View;

const Resource kDeployments{"apps", "v1", "deployments", "Deployment", true};

// The last try to make a ReplicaSet, when it failed for good.
const client::Failure* creation_failure(const StepContext& context) {
  for (const client::Failure& failure : context.failures) {
    const auto path = client::parse_object_path(failure.target);
    if (failure.method != "POST" || !path || path->plural != "replicasets") continue;
    if (failure.reason != Reason::kAlreadyExists && failure.reason != Reason::kConflict && failure.reason != Reason::kNotFound)
      return &failure;
  }
  return nullptr;
}

// Whether pods of other templates are there, those that are going included.
bool old_pods_run(const View& view, const ReplicaSets& sets) {
  for (const ReplicaSet& set : sets.old) {
    if (set.actual > 0) return true;
    for (const Object& pod : view.owned_by(set.object.uid)) {
      if (pod.resource.is("", "pods") && !has_pod_ended(pod)) return true;
    }
  }
  return false;
}

// One step of one Deployment.
class DeploymentStep {
 public:
  DeploymentStep(const View& view, const Object& deployment, const StepContext& context, Plan& plan)
      : view_(view),
        deployment_(deployment),
        context_(context),
        plan_(plan),
        now_(format_rfc3339(context.wall_ns)),
        spec_(read_spec(deployment)),
        report_(read_report(deployment)),
        events_(view, kDeploymentController, context.wall_ns, plan) {}

  void run(api::LabelSelector selector) {
    ClaimOptions options;
    options.manager = kDeploymentController;
    sets_ = read_replica_sets(deployment_, claim(view_, deployment_, selector, replica_sets_resource(), options, plan_));
    if (deployment_.deleting()) return finish(/*rollout=*/false);
    report_pause(spec_, now_, report_);
    if (sets_.current) follow();
    if (spec_.paused || is_scaling_event(spec_, sets_)) {
      scale_in_proportion(spec_, report_.before.replicas, sets_);
      if (spec_.paused) clean_up();
      return finish(false);
    }
    if (const client::Failure* failure = creation_failure(context_); failure != nullptr && !sets_.current) tell(*failure);
    if (!spec_.rolling && !recreate()) return finish(true);
    if (!sets_.current && !make_current()) return;
    if (spec_.rolling)
      roll(spec_, sets_);
    else if (sets_.current->wanted != spec_.replicas)
      set_size(*sets_.current, spec_.replicas);
    const std::int64_t observed = deployment_["status"]["observedGeneration"].as_int();
    if (is_complete(deployment_, spec_, report_.before, observed)) clean_up();
    finish(true);
  }

 private:
  void follow() {
    std::int64_t newest = 0;
    for (const ReplicaSet& set : sets_.old) newest = std::max(newest, set.revision());
    ReplicaSet& current = *sets_.current;
    follow_annotations(deployment_, current, newest + 1);
    current.min_ready = spec_.min_ready;
    report_.revision = std::to_string(current.revision());
    if (spec_.deadline_s && find_condition(report_.conditions, "Progressing") == nullptr)
      report_.set_progress("True", "FoundNewReplicaSet", "Found new replica set \"" + current.name + "\"", now_);
  }

  // True once the way is free for the new template.
  bool recreate() {
    bool scaled = false;
    for (ReplicaSet& set : sets_.old) {
      if (set.replicas == 0) continue;
      set_size(set, 0);
      scaled = true;
    }
    return !scaled && !old_pods_run(view_, sets_);
  }

  void set_size(ReplicaSet& set, std::int64_t size) {
    set.wanted = size;
    set_count_annotations(spec_, set);
  }

  // Plans the ReplicaSet of the template. False when there is nothing more to do in this step.
  bool make_current() {
    if (namespace_ends(view_, deployment_.name_space)) return finish(false), false;
    const std::string hash = value_hash(deployment_["spec"]["template"], report_.collisions);
    const std::string name = replica_set_name(deployment_, hash);
    if (view_.get(replica_sets_resource(), deployment_.name_space, name)) {
      // Another template has the same hash, or somebody took the name.
      report_.collisions = report_.collisions.value_or(0) + 1;
      return finish(true), false;
    }
    ReplicaSet made;
    made.name = name;
    made.created_ns = context_.wall_ns;
    made.min_ready = spec_.min_ready;
    made.wanted = made.replicas = next_size(spec_, sets_);
    sets_.current = std::move(made);
    follow();
    set_count_annotations(spec_, *sets_.current);
    // The status first, if it tells why the last try failed; the plan may end with this one.
    if (creation_failure(context_) != nullptr) {
      report_.revision.clear();
      report_.count(spec_, sets_, now_);
      plan_report(deployment_, report_, plan_);
      told_ = true;
    }
    plan_.requests.push_back(create_replica_set(deployment_, *sets_.current, hash));
    if (sets_.current->wanted > 0) tell_scaled(*sets_.current, 0);
    if (spec_.deadline_s)
      report_.set_progress("True", "NewReplicaSetCreated", "Created new replica set \"" + name + "\"", now_);
    return true;
  }

  void tell(const client::Failure& failure) {
    const std::string name = replica_set_name(deployment_, value_hash(deployment_["spec"]["template"], report_.collisions));
    const std::string message = "Failed to create new replica set \"" + name + "\": " + failure.message;
    if (spec_.deadline_s) report_.set_progress("False", "ReplicaSetCreateError", message, now_);
    events_.warning(deployment_, "ReplicaSetCreateError", message);
  }

  void tell_scaled(const ReplicaSet& set, std::int64_t from) {
    events_.normal(deployment_, "ScalingReplicaSet",
                   "Scaled " + std::string(set.wanted > from ? "up" : "down") + " replica set " + set.name + " from " +
                       std::to_string(from) + " to " + std::to_string(set.wanted));
  }

  // All but the newest old ones, as far as they have no pods.
  void clean_up() {
    if (!spec_.history_limit) return;
    std::vector<const ReplicaSet*> alive;
    for (const ReplicaSet& set : sets_.old) {
      if (!set.object.deleting()) alive.push_back(&set);
    }
    std::stable_sort(alive.begin(), alive.end(),
                     [](const ReplicaSet* a, const ReplicaSet* b) { return a->revision() < b->revision(); });
    const std::int64_t surplus = static_cast<std::int64_t>(alive.size()) - *spec_.history_limit;
    for (std::int64_t i = 0; i < surplus; ++i) {
      const Object& object = alive[static_cast<std::size_t>(i)]->object;
      const bool seen = object.metadata()["generation"].as_int() <= object["status"]["observedGeneration"].as_int();
      if (alive[static_cast<std::size_t>(i)]->actual != 0 || alive[static_cast<std::size_t>(i)]->wanted != 0 || !seen) continue;
      deletions_.push_back(client::delete_request(object, "", /*same_revision=*/false));
    }
  }

  void finish(bool rollout) {
    for (const ReplicaSet* set : sets_.all()) {
      if (set->is_new()) continue;
      if (auto request = change_replica_set(*set)) {
        plan_.requests.push_back(std::move(*request));
        if (set->wanted != set->replicas) tell_scaled(*set, set->replicas);
      }
    }
    for (client::Request& request : deletions_) plan_.requests.push_back(std::move(request));
    if (told_) return;
    report_.count(spec_, sets_, now_);
    if (rollout) report_progress(deployment_, spec_, sets_, context_.wall_ns, report_);
    plan_.revisit_ns = deadline_in(spec_, report_, context_.wall_ns);
    plan_report(deployment_, report_, plan_);
  }

  const View& view_;
  const Object& deployment_;
  const StepContext& context_;
  Plan& plan_;
  const std::string now_;
  const DeploymentSpec spec_;
  DeploymentReport report_;
  ReplicaSets sets_;
  client::EventRecorder events_;
  std::vector<client::Request> deletions_;
  bool told_ = false;  // the status stands in the plan already
};

// Keys are "ns/name".
class DeploymentController final : public client::Controller {
 public:
  std::string_view name() const override { return kDeploymentController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("apps", "deployments")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("apps", "replicasets")) {
      if (auto key = controller_key(object, "apps", "Deployment")) {
        keys.push_back(std::move(*key));
      } else if (!change.deleted && !object.has_owners()) {
        keys_of_matching(view, kDeployments, object, keys);
      }
    } else if (object.resource.is("", "pods") && change.deleted) {
      // One that is recreated waits for the last pod to be gone.
      const auto set_key = controller_key(object, "apps", "ReplicaSet");
      if (!set_key) return;
      const auto set = view.get(replica_sets_resource(), object.name_space, client::split_key(*set_key).second);
      if (!set) return;
      if (auto key = controller_key(*set, "apps", "Deployment")) keys.push_back(std::move(*key));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override { add_all_keys(view, kDeployments, keys); }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto deployment = view.get(kDeployments, name_space, name);
    if (!deployment) return plan;
    auto selector = api::LabelSelector::from_object((*deployment)["spec"]["selector"]);
    if (!selector.ok() || selector->matches_everything()) return plan;  // validation lets none through
    DeploymentStep(view, *deployment, context, plan).run(std::move(*selector));
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_deployment_controller() { return std::make_unique<DeploymentController>(); }

}  // namespace plinth::workloads
