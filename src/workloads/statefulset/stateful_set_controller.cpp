#include "workloads/statefulset/stateful_set_controller.h"

#include <algorithm>

#include "base/text.h"
#include "client/events.h"
#include "workloads/common/claim.h"
#include "workloads/common/conditions.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/statefulset/claim_retention.h"
#include "workloads/statefulset/identity.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::StepContext;
using client::View;

constexpr RevisionsOptions kRevisions{kStatefulSetController, "controller.kubernetes.io/hash"};

// A pod that is there, or is to be made.
struct Replica {
  std::int64_t ordinal = 0;
  std::string name;
  std::optional<Object> pod;

  bool terminating() const { return pod && pod->deleting(); }
  bool running_and_ready() const { return pod && pod_phase(*pod) == "Running" && is_pod_ready(*pod); }
};

// One step of one StatefulSet. Pods that are made or deleted come last in the plan: a status is written even if they fail.
class StatefulSetStep {
 public:
  StatefulSetStep(const View& view, const Object& set, const StepContext& context, Plan& plan)
      : view_(view),
        set_(set),
        context_(context),
        plan_(plan),
        events_(view, kStatefulSetController, context.wall_ns, plan),
        ordered_(set["spec"]["podManagementPolicy"].as_string() != "Parallel"),
        min_ready_(set["spec"]["minReadySeconds"].as_int()) {}

  void run(const api::LabelSelector& selector) {
    read_pods(selector);
    const auto history = read_revisions(view_, set_, kRevisions, plan_);
    if (!set_.deleting()) {
      read_updates(history);
    } else {
      current_.name = set_["status"]["currentRevision"].as_string();
      update_.name = set_["status"]["updateRevision"].as_string();
      collisions_ = set_["status"]["collisionCount"].as_int();
    }
    plan_set_status();
    if (set_.deleting()) return;
    plan_pods();
    std::set<std::string> live = {current_.name, update_.name};
    for (const Replica& replica : all_) live.emplace(pod_revision(*replica.pod));
    const Value limit = set_["spec"]["revisionHistoryLimit"];
    truncate_history(history, live, limit.is_number() ? limit.as_int() : 10, plan_);
  }

 private:
  void read_pods(const api::LabelSelector& selector) {
    ClaimOptions options;
    options.manager = kStatefulSetController;
    options.adoptable = [this](const Object& pod) { return ordinal_of(set_.name, pod.name).has_value(); };
    const std::int64_t start = start_ordinal(set_), count = replicas_of(set_);
    for (std::int64_t i = 0; i < count; ++i)
      replicas_.push_back({start + i, set_.name + "-" + std::to_string(start + i), std::nullopt});
    for (Object& pod : claim(view_, set_, selector, pods_resource(), options, plan_)) {
      earlier(plan_.revisit_ns, pod_available_in(pod, min_ready_, context_.wall_ns));
      const auto ordinal = ordinal_of(set_.name, pod.name);
      Replica replica{ordinal.value_or(-1), pod.name, std::move(pod)};
      all_.push_back(replica);
      if (!ordinal) continue;
      if (*ordinal >= start && *ordinal < start + count)
        replicas_[static_cast<std::size_t>(*ordinal - start)] = std::move(replica);
      else
        condemned_.push_back(std::move(replica));
    }
    std::sort(condemned_.begin(), condemned_.end(), [](const Replica& a, const Replica& b) { return a.ordinal > b.ordinal; });
  }

  void read_updates(const std::vector<Object>& history) {
    collisions_ = set_["status"]["collisionCount"].as_int();
    update_ = sync_revision(view_, set_, history, kRevisions, collisions_, plan_);
    current_ = update_;
    const std::string_view current = set_["status"]["currentRevision"].as_string();
    for (const Object& revision : history) {
      if (revision.name == current && revision.name != update_.name) current_ = read_revision(revision, kRevisions);
    }
    if (!current_.pod_template.root().is_object()) current_.pod_template = set_.document.get().at(set_["spec"]["template"]);
  }

  bool is_available(const Replica& replica) const {
    return replica.pod && is_pod_available(*replica.pod, min_ready_, context_.wall_ns);
  }
  bool is_unavailable(const Replica& replica) const { return !is_available(replica) || replica.terminating(); }

  void plan_set_status() {
    std::int64_t ready = 0, available = 0, current = 0, updated = 0;
    const std::int64_t count = static_cast<std::int64_t>(all_.size());
    for (const Replica& replica : all_) {
      ready += replica.running_and_ready() ? 1 : 0;
      available += replica.running_and_ready() && is_available(replica) ? 1 : 0;
      if (replica.terminating()) continue;
      current += pod_revision(*replica.pod) == current_.name ? 1 : 0;
      updated += pod_revision(*replica.pod) == update_.name ? 1 : 0;
    }
    const std::int64_t wanted = replicas_of(set_);
    std::string current_name = current_.name;
    if (updated == wanted && ready == wanted && count == wanted) {
      current_name = update_.name;
      current = updated;
    }
    Draft next(set_.document);
    Value status = next.object(12);
    set_count(next, status, "observedGeneration", set_.metadata()["generation"].as_int());
    next.set(status, "replicas", Value::of(count));
    set_count(next, status, "readyReplicas", ready);
    set_count(next, status, "currentReplicas", current);
    set_count(next, status, "updatedReplicas", updated);
    if (!current_name.empty()) next.set(status, "currentRevision", current_name);
    if (!update_.name.empty()) next.set(status, "updateRevision", update_.name);
    next.set(status, "collisionCount", Value::of(collisions_));
    next.set(status, "availableReplicas", Value::of(available));
    plan_status(set_, std::move(next), status, kStatefulSetController, plan_);
  }

  // Each part goes on to the next when nothing in it has to be waited for.
  void plan_pods() {
    for (const Replica& replica : replicas_) {
      if (!plan_replica(replica) && ordered_) return;
    }
    for (const Replica& replica : condemned_) plan_retention(replica, /*scaled_down=*/true);
    const Replica* unhealthy = first_unhealthy();
    for (const Replica& replica : condemned_) {
      if (!plan_condemned(replica, unhealthy) && ordered_) return;
    }
    if (set_["spec"]["updateStrategy"]["type"].as_string() != "OnDelete") plan_update();
  }

  // The first one in order; of those beyond the number the lowest.
  const Replica* first_unhealthy() const {
    for (const Replica& replica : replicas_) {
      if (is_unavailable(replica)) return &replica;
    }
    for (auto it = condemned_.rbegin(); it != condemned_.rend(); ++it) {
      if (is_unavailable(*it)) return &*it;
    }
    return nullptr;
  }

  // False where an ordered set waits.
  bool plan_replica(const Replica& replica) {
    if (!replica.pod) return plan_creation(replica);
    if (has_pod_ended(*replica.pod)) {
      if (!replica.terminating()) plan_deletion(replica);
      return false;
    }
    if (pod_phase(*replica.pod) == "Pending") {
      plan_claims(replica);
      plan_retention(replica, false);
    }
    if (ordered_ && (replica.terminating() || !replica.running_and_ready() || !is_available(replica))) return false;
    plan_retention(replica, false);
    if (!has_identity(set_, *replica.pod, replica.ordinal))
      plan_.requests.push_back(fix_identity(*replica.pod, replica.ordinal));
    return true;
  }

  bool plan_creation(const Replica& replica) {
    if (namespace_ends(view_, set_.name_space)) return false;
    for (const std::string& name : claim_names(set_, replica.ordinal)) {
      const auto claim = view_.get(claims_resource(), set_.name_space, name);
      if (claim && is_stale_claim(set_, *claim, replica.name, "")) return false;
    }
    tell_failure(replica);
    if (!plan_claims(replica)) return false;
    const bool rolling = set_["spec"]["updateStrategy"]["type"].as_string() == "RollingUpdate";
    const std::int64_t partition = set_["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_int();
    const bool keeps_current = rolling && replica.ordinal < start_ordinal(set_) + partition;
    plan_.requests.push_back(create_stateful_pod(set_, keeps_current ? current_ : update_, replica.ordinal));
    tell("Create", replica);
    return false;
  }

  // False when the pod cannot be made because of one of them.
  bool plan_claims(const Replica& replica) {
    const auto names = claim_names(set_, replica.ordinal);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto claim = view_.get(claims_resource(), set_.name_space, names[i]);
      if (claim && claim->deleting()) {
        events_.warning_once(set_, "FailedCreate",
                             "Create Pod " + replica.name + " in StatefulSet " + set_.name + " failed error: pvc " + names[i] +
                                 " is being deleted");
        return false;
      }
      if (claim) continue;
      plan_.requests.push_back(create_claim(set_, i, replica.ordinal));
      events_.normal(set_, "SuccessfulCreate",
                     "Create Claim " + names[i] + " Pod " + replica.name + " in StatefulSet " + set_.name + " success");
    }
    return true;
  }

  void plan_retention(const Replica& replica, bool scaled_down) {
    for (const std::string& name : claim_names(set_, replica.ordinal)) {
      const auto claim = view_.get(claims_resource(), set_.name_space, name);
      if (!claim || !retained_.insert(name).second) continue;
      RetentionChange change = retain_claim(set_, *claim, replica.name, replica.pod->uid, scaled_down);
      if (change.conflicting) {
        events_.warning_once(set_, "ConflictingController",
                             "PersistentVolumeClaim " + name +
                                 " has a conflicting OwnerReference that acts as a manging controller, the retention policy "
                                 "is ignored for this claim");
      }
      if (change.request) plan_.requests.push_back(std::move(*change.request));
    }
  }

  bool plan_condemned(const Replica& replica, const Replica* unhealthy) {
    if (replica.terminating()) return false;
    const bool healthy = replica.running_and_ready() && is_available(replica);
    if (ordered_ && !healthy && &replica != unhealthy) return false;
    plan_deletion(replica);
    return false;
  }

  // The highest one that is not at the new revision goes, once all above it are there.
  void plan_update() {
    const std::int64_t partition = set_["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_int();
    for (std::int64_t i = static_cast<std::int64_t>(replicas_.size()) - 1; i >= partition; --i) {
      const Replica& replica = replicas_[static_cast<std::size_t>(i)];
      if (replica.pod && pod_revision(*replica.pod) != update_.name && !replica.terminating()) return plan_deletion(replica);
      if (is_unavailable(replica)) return;
    }
  }

  void plan_deletion(const Replica& replica) {
    plan_.requests.push_back(client::delete_request(*replica.pod, "", /*same_revision=*/false));
    tell("Delete", replica);
  }

  void tell(const std::string& verb, const Replica& replica) {
    events_.normal(set_, "Successful" + verb, verb + " Pod " + replica.name + " in StatefulSet " + set_.name + " successful");
  }

  // What went wrong the last time went wrong for the first one that is to be made.
  void tell_failure(const Replica& replica) {
    if (std::exchange(told_failure_, true)) return;
    for (const client::Failure& failure : context_.failures) {
      const auto path = client::parse_object_path(failure.target);
      const bool moved_on = failure.reason == Reason::kConflict || failure.reason == Reason::kAlreadyExists;
      if (failure.method != "POST" || !path || moved_on || path->plural == "controllerrevisions") continue;
      const bool is_pod = path->plural == "pods";
      events_.warning(set_, "FailedCreate",
                      std::string(is_pod ? "Create Pod " : "Create Claim for Pod ") + replica.name + " in StatefulSet " +
                          set_.name + " failed error: " + failure.message);
    }
  }

  const View& view_;
  const Object& set_;
  const StepContext& context_;
  Plan& plan_;
  client::EventRecorder events_;
  const bool ordered_;
  const std::int64_t min_ready_;
  std::vector<Replica> all_, replicas_, condemned_;  // condemned ones: the highest first
  TemplateRevision current_, update_;
  std::int64_t collisions_ = 0;
  std::set<std::string> retained_;  // claims that were looked at
  bool told_failure_ = false;
};

// Keys are "ns/name".
class StatefulSetController final : public client::Controller {
 public:
  std::string_view name() const override { return kStatefulSetController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("apps", "statefulsets")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "pods")) {
      if (auto key = controller_key(object, "apps", "StatefulSet"))
        keys.push_back(std::move(*key));
      else if (!change.deleted && !object.has_owners())
        keys_of_matching(view, stateful_sets_resource(), object, keys);
    } else if (object.resource.is("", "persistentvolumeclaims") && change.deleted) {
      // A pod may wait for one that was going.
      keys_of_matching(view, stateful_sets_resource(), object, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    add_all_keys(view, stateful_sets_resource(), keys);
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto set = view.get(stateful_sets_resource(), name_space, name);
    if (!set) return plan;
    const auto selector = api::LabelSelector::from_object((*set)["spec"]["selector"]);
    if (!selector.ok() || selector->matches_everything()) return plan;
    StatefulSetStep(view, *set, context, plan).run(*selector);
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_stateful_set_controller() { return std::make_unique<StatefulSetController>(); }

}  // namespace plinth::workloads
