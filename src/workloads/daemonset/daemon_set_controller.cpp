#include "workloads/daemonset/daemon_set_controller.h"

#include <set>

#include "client/events.h"
#include "workloads/common/claim.h"
#include "workloads/common/conditions.h"
#include "workloads/common/hash.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/common/revisions.h"
#include "workloads/daemonset/daemon_rollout.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::Resource;
using client::StepContext;
using client::View;

const Resource kDaemonSets{"apps", "v1", "daemonsets", "DaemonSet", true};
const Resource kNodes{"", "v1", "nodes", "Node", false};
constexpr RevisionsOptions kRevisions{kDaemonSetController, kRevisionHash};
// Pods made, and deleted, by one plan.
constexpr std::size_t kPodsPerStepMax = 250;

struct Counts {
  std::int64_t desired = 0, current = 0, misplaced = 0, ready = 0, updated = 0, available = 0;
};

// The oldest one counts.
const Object& counted(const std::vector<Object>& pods) {
  const Object* out = &pods[0];
  for (const Object& pod : pods) {
    const bool bound = !pod["spec"]["nodeName"].as_string().empty(), best = !(*out)["spec"]["nodeName"].as_string().empty();
    if (bound != best ? bound : creation_ns(pod) < creation_ns(*out)) out = &pod;
  }
  return *out;
}

Counts count(const DaemonState& state) {
  Counts out;
  const DaemonFit fit(state.set);
  const std::int64_t min_ready = state.set["spec"]["minReadySeconds"].as_int();
  for (const Object& node : state.nodes) {
    const auto found = state.pods_on.find(node.name);
    if (!fit.on(node).should_run) {
      out.misplaced += found != state.pods_on.end() ? 1 : 0;
      continue;
    }
    ++out.desired;
    if (found == state.pods_on.end()) continue;
    ++out.current;
    const Object& pod = counted(found->second);
    out.ready += is_pod_ready(pod) ? 1 : 0;
    out.available += is_pod_available(pod, min_ready, state.now_ns) ? 1 : 0;
    out.updated += is_updated(state.set, pod, state.hash) ? 1 : 0;
  }
  return out;
}

class DaemonSetStep {
 public:
  DaemonSetStep(const View& view, const Object& set, const StepContext& context, Plan& plan)
      : view_(view), set_(set), context_(context), plan_(plan), events_(view, kDaemonSetController, context.wall_ns, plan) {}

  void run(const api::LabelSelector& selector) {
    view_.list(kNodes, "", [this](const Object& node) {
      nodes_.push_back(node);
      return true;
    });
    read_pods(selector);
    const auto history = read_revisions(view_, set_, kRevisions, plan_);
    std::int64_t collisions = set_["status"]["collisionCount"].as_int();
    const TemplateRevision revision = sync_revision(view_, set_, history, kRevisions, collisions, plan_);
    const DaemonState state{set_, nodes_, pods_on_, revision.hash, context_.wall_ns};
    write_status(count(state), collisions);
    DaemonPlan next = place(state);
    if (next.empty() && set_["spec"]["updateStrategy"]["type"].as_string() != "OnDelete") {
      const auto revisit = next.revisit_ns;
      next = roll(state);
      earlier(next.revisit_ns, revisit);
    }
    carry_out(next, revision.hash);
    truncate(history, revision);
  }

 private:
  void read_pods(const api::LabelSelector& selector) {
    ClaimOptions options;
    options.manager = kDaemonSetController;
    const std::int64_t min_ready = set_["spec"]["minReadySeconds"].as_int();
    for (Object& pod : claim(view_, set_, selector, pods_resource(), options, plan_)) {
      hashes_.emplace(pod.metadata()["labels"][kRevisionHash].as_string());
      if (pod.deleting() && has_pod_ended(pod)) continue;
      earlier(plan_.revisit_ns, pod_available_in(pod, min_ready, context_.wall_ns));
      const std::string node(target_node(pod));
      if (!node.empty()) pods_on_[node].push_back(std::move(pod));
    }
  }

  void write_status(const Counts& counts, std::int64_t collisions) {
    Draft next(set_.document);
    Value status = next.object(12);
    next.set(status, "currentNumberScheduled", Value::of(counts.current));
    next.set(status, "numberMisscheduled", Value::of(counts.misplaced));
    next.set(status, "desiredNumberScheduled", Value::of(counts.desired));
    next.set(status, "numberReady", Value::of(counts.ready));
    set_count(next, status, "observedGeneration", set_.metadata()["generation"].as_int());
    set_count(next, status, "updatedNumberScheduled", counts.updated);
    set_count(next, status, "numberAvailable", counts.available);
    set_count(next, status, "numberUnavailable", counts.desired - counts.available);
    set_count(next, status, "collisionCount", collisions);
    const Value conditions = set_["status"]["conditions"];
    if (conditions.size() > 0) next.set(status, "conditions", conditions);
    plan_status(set_, std::move(next), status, kDaemonSetController, plan_);
  }

  void carry_out(const DaemonPlan& next, const std::string& hash) {
    earlier(plan_.revisit_ns, next.revisit_ns);
    if (const auto failure = next.empty() ? std::nullopt : pod_failure(context_))
      events_.warning(set_, failure->reason, failure->message);
    for (const Object& pod : next.failed) tell_ended(pod, "FailedDaemonPod", "failed", "kill");
    for (const Object& pod : next.succeeded) tell_ended(pod, "SucceededDaemonPod", "succeeded", "delete");
    std::size_t removed = 0;
    for (const Object& pod : next.remove) {
      if (removed++ == kPodsPerStepMax) break;
      plan_.requests.push_back(client::delete_request(pod, "", /*same_revision=*/false));
      events_.normal(set_, "SuccessfulDelete", "Deleted pod: " + pod.name);
    }
    if (namespace_ends(view_, set_.name_space)) return;
    std::uint32_t ordinal = 0;
    std::size_t made = 0;
    for (const std::string& node : next.create_on) {
      if (made++ == kPodsPerStepMax) break;
      std::string name;
      do {
        name = generated_name(set_.name + "-", name_suffix(set_.uid, set_.revision, ordinal++));
      } while (view_.get(pods_resource(), set_.name_space, name));
      plan_.requests.push_back(create_daemon_pod(set_, node, name, hash));
      events_.normal(set_, "SuccessfulCreate", "Created pod: " + name);
    }
  }

  void tell_ended(const Object& pod, std::string_view reason, const std::string& how, const std::string& what) {
    const std::string message = "Found " + how + " daemon pod " + pod.name_space + "/" + pod.name + " on node " +
                                std::string(target_node(pod)) + ", will try to " + what + " it";
    if (how == "failed")
      events_.warning(set_, reason, message);
    else
      events_.normal(set_, reason, message);
  }

  void truncate(const std::vector<Object>& history, const TemplateRevision& current) {
    std::set<std::string> live = {current.name};
    for (const Object& revision : history) {
      if (hashes_.count(read_revision(revision, kRevisions).hash) > 0) live.insert(revision.name);
    }
    const Value limit = set_["spec"]["revisionHistoryLimit"];
    truncate_history(history, live, limit.is_number() ? limit.as_int() : 10, plan_);
  }

  const View& view_;
  const Object& set_;
  const StepContext& context_;
  Plan& plan_;
  client::EventRecorder events_;
  std::vector<Object> nodes_;
  std::map<std::string, std::vector<Object>> pods_on_;
  std::set<std::string, std::less<>> hashes_;  // of pods that are there
};

// Keys are "ns/name".
class DaemonSetController final : public client::Controller {
 public:
  std::string_view name() const override { return kDaemonSetController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("apps", "daemonsets")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "nodes")) {
      initial_keys(view, keys);
    } else if (object.resource.is("", "pods")) {
      if (auto key = controller_key(object, "apps", "DaemonSet"))
        keys.push_back(std::move(*key));
      else if (!change.deleted && !object.has_owners())
        keys_of_matching(view, kDaemonSets, object, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override { add_all_keys(view, kDaemonSets, keys); }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto set = view.get(kDaemonSets, name_space, name);
    // Of one that is going the history may be gone already: nothing can be said about it.
    if (!set || set->deleting()) return plan;
    const auto selector = api::LabelSelector::from_object((*set)["spec"]["selector"]);
    if (!selector.ok() || selector->matches_everything()) return plan;
    DaemonSetStep(view, *set, context, plan).run(*selector);
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_daemon_set_controller() { return std::make_unique<DaemonSetController>(); }

}  // namespace plinth::workloads
