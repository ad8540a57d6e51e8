#include <algorithm>

#include "api/label_selector.h"
#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/pod_selection.h"
#include "workloads/common/pod_state.h"
#include "workloads/disruption/disruption.h"
#include "workloads/disruption/expected_pods.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "disruption-controller";
// How long an eviction counts although its pod is still there: it was charged, and may have been refused afterwards.
constexpr std::int64_t kDeletionTimeoutNs = 120'000'000'000;

struct Count {
  std::int64_t healthy = 0, desired = 0, expected = 0, allowed = 0;
};

// The evictions that are charged and not done, and when to look again.
struct Disrupted {
  Value pods;
  std::optional<std::int64_t> revisit_ns;
  std::vector<const Object*> overdue;
};

Disrupted disrupted_pods(Draft& draft, const Object& budget, const std::vector<Object>& pods, std::int64_t now) {
  Disrupted out;
  out.pods = draft.object();
  const Value charged = budget["status"]["disruptedPods"];
  for (const Object& pod : pods) {
    const Value* at = charged.find(pod.name);
    if (pod.deleting() || at == nullptr) continue;
    const auto time = parse_rfc3339(at->as_string());
    const std::int64_t left = (time ? time->wall_ns() : 0) + kDeletionTimeoutNs - now;
    if (left < 0) {
      out.overdue.push_back(&pod);
      continue;
    }
    draft.set(out.pods, pod.name, at->as_string());
    out.revisit_ns = std::min(out.revisit_ns.value_or(INT64_MAX), left + 1'000'000'000);
  }
  return out;
}

std::int64_t count_healthy(const std::vector<Object>& pods, const Value& disrupted) {
  return std::count_if(pods.begin(), pods.end(), [&](const Object& pod) {
    return !pod.deleting() && disrupted.find(pod.name) == nullptr && is_ready(pod.document.root());
  });
}

Result<Count> count(const View& view, const Object& budget, const std::vector<Object>& pods, std::int64_t healthy,
                    std::size_t& unmanaged) {
  Count out;
  out.healthy = healthy;
  const Value most = budget["spec"]["maxUnavailable"], least = budget["spec"]["minAvailable"];
  if (!most.is_null()) {
    const ExpectedPods expected = TRY(expected_pods(view, pods));
    unmanaged = expected.unmanaged;
    out.expected = expected.count;
    out.desired = std::max<std::int64_t>(0, out.expected - scaled_value(most, out.expected));
  } else if (least.is_string()) {
    const ExpectedPods expected = TRY(expected_pods(view, pods));
    unmanaged = expected.unmanaged;
    out.expected = expected.count;
    out.desired = scaled_value(least, out.expected);
  } else if (!least.is_null()) {
    out.expected = static_cast<std::int64_t>(pods.size());
    out.desired = least.as_int();
  }
  // Nothing is allowed before the first pods were seen.
  if (out.expected > 0) out.allowed = std::max<std::int64_t>(0, out.healthy - out.desired);
  return out;
}

// The conditions with DisruptionAllowed as told; the time moves with the status only.
Value conditions(Draft& draft, const Object& budget, bool allowed, std::string_view reason, std::string_view message,
                 std::int64_t generation, std::int64_t now) {
  Value out = draft.array();
  Value made = draft.object();
  const std::string_view status = allowed ? "True" : "False";
  draft.set(made, "type", "DisruptionAllowed");
  draft.set(made, "status", status);
  draft.set(made, "observedGeneration", Value::of(generation));
  draft.set(made, "lastTransitionTime", format_rfc3339(now));
  draft.set(made, "reason", reason);
  draft.set(made, "message", message);
  for (const Value& before : budget["status"]["conditions"].items()) {
    if (before["type"].as_string() != "DisruptionAllowed") {
      draft.push(out, draft.clone(before));
    } else if (before["status"].as_string() == status) {
      draft.set(made, "lastTransitionTime", before["lastTransitionTime"].as_string());
    }
  }
  draft.push(out, made);
  return out;
}

// Keys are budgets.
class DisruptionController final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("policy", "poddisruptionbudgets")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "pods")) {
      const PodSelection::Concerned concerned = pods_.take(change);
      if (!concerned.any) return;
      each_budget(view, object.name_space, [&](const Object& budget) {
        const auto selector = api::LabelSelector::from_object(budget["spec"]["selector"]);
        if (selector.ok() && concerned.matches(*selector)) keys.push_back(client::make_key(budget.name_space, budget.name));
      });
    } else if (has_replicas(object)) {
      // Its scale, or that it exists.
      each_budget(view, object.name_space,
                  [&](const Object& budget) { keys.push_back(client::make_key(budget.name_space, budget.name)); });
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    each_budget(view, "", [&](const Object& budget) { keys.push_back(client::make_key(budget.name_space, budget.name)); });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto budget = view.get(*view.find_resource("policy", "poddisruptionbudgets"), name_space, name);
    if (!budget || budget->deleting()) return plan;
    const std::vector<Object> pods = pods_of(view, *budget);
    Draft draft(budget->document);
    const Disrupted disrupted = disrupted_pods(draft, *budget, pods, context.wall_ns);
    client::EventRecorder events(view, "controllermanager", context.wall_ns, plan);
    std::size_t unmanaged = 0;
    const auto counted = count(view, *budget, pods, count_healthy(pods, disrupted.pods), unmanaged);
    if (!counted.ok()) return fail(std::move(draft), *budget, counted.error().message(), events, context.wall_ns, plan);
    plan.revisit_ns = disrupted.revisit_ns;
    if (is_told(*budget, *counted, disrupted.pods)) return plan;
    draft.set(draft.root(), "status", status(draft, *budget, *counted, disrupted.pods, context.wall_ns));
    plan.requests.push_back(client::update_request(*budget, "status", draft.root(), kName));
    if (pods.empty()) events.normal(*budget, "NoPods", "No matching pods found");
    if (unmanaged > 0) events.warning(*budget, "UnmanagedPods", unmanaged_text());
    for (const Object* pod : disrupted.overdue) {
      events.warning(*pod, "NotDeleted",
                     "Pod was expected by PDB " + budget->name_space + "/" + budget->name + " to be deleted but it wasn't");
    }
    return plan;
  }

 private:
  static std::string unmanaged_text() {
    return "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be "
           "calculated correctly, which may result in undefined behavior. To account for these pods please set "
           "\".spec.minAvailable\" "
           "field of the PDB to an integer value.";
  }

  static bool has_replicas(const Object& object) {
    const client::Resource& kind = object.resource;
    if (kind.is("apps", "replicasets") || kind.is("apps", "deployments") || kind.is("apps", "statefulsets") ||
        kind.is("", "replicationcontrollers"))
      return true;
    // Custom resources: their groups have dots, and built-in ones that have are under k8s.io.
    return kind.group.find('.') != std::string::npos && !kind.group.ends_with(".k8s.io") && object["spec"]["replicas"].is_int();
  }

  template <typename Visit>
  static void each_budget(const View& view, std::string_view name_space, const Visit& visit) {
    view.list(*view.find_resource("policy", "poddisruptionbudgets"), name_space, [&](const Object& budget) {
      visit(budget);
      return true;
    });
  }

  static std::vector<Object> pods_of(const View& view, const Object& budget) {
    std::vector<Object> out;
    const auto selector = api::LabelSelector::from_object(budget["spec"]["selector"]);
    if (!selector.ok()) return out;
    view.list_where(*view.find_resource("", "pods"), budget.name_space, {&*selector}, [&](const Object& pod) {
      out.push_back(pod);
      return true;
    });
    return out;
  }

  static bool is_told(const Object& budget, const Count& now, const Value& disrupted) {
    const Value status = budget["status"];
    const std::int64_t generation = budget.metadata()["generation"].as_int();
    const Value condition = condition_of(budget.document.root(), "DisruptionAllowed");
    return status["currentHealthy"].as_int() == now.healthy && status["desiredHealthy"].as_int() == now.desired &&
           status["expectedPods"].as_int() == now.expected && status["disruptionsAllowed"].as_int() == now.allowed &&
           (status["disruptedPods"].size() == 0 ? disrupted.size() == 0 : equal(status["disruptedPods"], disrupted)) &&
           status["observedGeneration"].as_int() == generation && condition["observedGeneration"].as_int() == generation &&
           condition["reason"].as_string() == reason_of(now);
  }

  static std::string_view reason_of(const Count& now) { return now.allowed > 0 ? "SufficientPods" : "InsufficientPods"; }

  static Value status(Draft& draft, const Object& budget, const Count& now, const Value& disrupted, std::int64_t wall_ns) {
    const std::int64_t generation = budget.metadata()["generation"].as_int();
    Value out = draft.object(8);
    draft.set(out, "observedGeneration", Value::of(generation));
    if (disrupted.size() > 0) draft.set(out, "disruptedPods", disrupted);
    draft.set(out, "disruptionsAllowed", Value::of(now.allowed));
    draft.set(out, "currentHealthy", Value::of(now.healthy));
    draft.set(out, "desiredHealthy", Value::of(now.desired));
    draft.set(out, "expectedPods", Value::of(now.expected));
    draft.set(out, "conditions", conditions(draft, budget, now.allowed > 0, reason_of(now), "", generation, wall_ns));
    return out;
  }

  // Nothing may be evicted while it is not known how many there should be.
  static Plan fail(Draft draft, const Object& budget, const std::string& why, client::EventRecorder& events,
                   std::int64_t wall_ns, Plan& plan) {
    const Value condition = condition_of(budget.document.root(), "DisruptionAllowed");
    if (condition["reason"].as_string() == "SyncFailed" && condition["message"].as_string() == why &&
        budget["status"]["disruptionsAllowed"].as_int() == 0)
      return std::move(plan);
    Value& status = draft.member(draft.root(), "status");
    if (!status.is_object()) status = draft.object();
    draft.set(status, "disruptionsAllowed", Value::of(0));
    // Fields that the kind requires.
    for (const std::string_view field : {"currentHealthy", "desiredHealthy", "expectedPods"}) {
      if (status[field].is_null()) draft.set(status, field, Value::of(0));
    }
    const std::int64_t seen = budget["status"]["observedGeneration"].as_int();
    draft.set(status, "conditions", conditions(draft, budget, false, "SyncFailed", why, seen, wall_ns));
    plan.requests.push_back(client::update_request(budget, "status", draft.root(), kName));
    events.warning(budget, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: " + why);
    return std::move(plan);
  }

  mutable PodSelection pods_{
      [](const Object& pod) { return std::string(is_ready(pod.document.root()) ? "r" : "-") + (pod.deleting() ? "d" : "-"); }};
};

}  // namespace

std::unique_ptr<client::Controller> make_disruption_controller() { return std::make_unique<DisruptionController>(); }

}  // namespace plinth::workloads
