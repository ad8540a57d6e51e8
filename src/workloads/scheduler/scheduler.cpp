#include "workloads/scheduler/scheduler.h"

#include <algorithm>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/pod_state.h"
#include "workloads/scheduler/fit.h"
#include "workloads/scheduler/pod_reports.h"
#include "workloads/scheduler/preemption.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

// Conditions and Events are of this; the requests are made by the account.
constexpr std::string_view kUnschedulable = "Unschedulable", kError = "SchedulerError";
constexpr const char* kQueue = "queue";
// Of pods that cannot be placed, told in one step; the others follow.
constexpr std::size_t kReportsMax = 16;
// Pods bound in one step.
constexpr std::size_t kBindingsMax = 16;
// How long a pod waits after a request about it failed.
constexpr std::int64_t kErrorBackoffNs = 5'000'000'000;

// One look at everything that waits. There is one key: what one pod takes is missing for the next.
class Round {
 public:
  Round(const View& view, PodFactsMemo& memo, const client::StepContext& context)
      : view_(view), context_(context), events_(view, kSchedulerName, context.wall_ns, plan_) {
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      pods_.push_back(memo.of(pod));
      return true;
    });
    memo.sweep();
    for (const PodFactsPtr& pod : pods_) {
      if (pod->is_waiting()) waiting_.push_back(pod);
    }
    if (!waiting_.empty()) nodes_ = read_nodes(view, pods_);
    std::stable_sort(waiting_.begin(), waiting_.end(), [](const PodFactsPtr& a, const PodFactsPtr& b) {
      return a->priority != b->priority ? a->priority > b->priority : a->created < b->created;
    });
  }

  // What is told after a binding stands at the end, where requests do not depend on each other.
  Plan run() {
    plan_.independent_from = 0;
    for (const PodFactsPtr& pod : waiting_) {
      if (ended_ || bindings_ == kBindingsMax || reports_ == kReportsMax) break;
      const std::size_t reports = reports_;
      if (!held_back(*pod)) place(pod);
      if (bindings_ > 0 && reports_ > reports) break;
    }
    return std::move(plan_);
  }

 private:
  // A pod whose request failed does not keep the others from theirs.
  bool held_back(const PodFacts& pod) {
    const std::string path = client::object_path(pod.object.resource, pod.object.name_space, pod.object.name) + "/";
    for (const client::Failure& failure : context_.failures) {
      if (!failure.target.starts_with(path) || failure.reason == Reason::kNotFound || failure.reason == Reason::kConflict)
        continue;
      if (failure.target.starts_with(path + "binding")) wait(pod, kError, failure.message, "");
      return true;
    }
    const Value condition = condition_of(pod.object.document.root(), "PodScheduled");
    if (condition["reason"].as_string() != kError) return false;
    const auto since = parse_rfc3339(condition["lastProbeTime"].as_string());
    const std::int64_t left = since ? since->wall_ns() + kErrorBackoffNs - context_.wall_ns : 0;
    if (left > 0) plan_.revisit_ns = std::min(plan_.revisit_ns.value_or(INT64_MAX), left);
    return left > 0;
  }

  void place(const PodFactsPtr& pod) {
    if (nodes_.nodes.empty()) return wait(*pod, kUnschedulable, "no nodes available to schedule pods", "");
    const PodFit fit(view_, *pod, nodes_.nodes, pods_);
    std::vector<Verdict> verdicts(nodes_.nodes.size());
    std::vector<std::size_t> fitting;
    for (std::size_t i = 0; fit.problem().empty() && i < nodes_.nodes.size(); ++i) {
      verdicts[i] = fit.check(nodes_.nodes[i]);
      if (verdicts[i].fits()) fitting.push_back(i);
    }
    if (fitting.empty()) return refuse(pod, fit, verdicts);
    NodeRoom& room = nodes_.nodes[fit.best(nominated_first(*pod, fitting))];
    VolumePlan volumes = fit.volumes().plan(room, kSchedulerAccount);
    room.add(pod);
    if (volumes.waiting) {
      for (client::Request& request : volumes.requests) plan_.requests.push_back(std::move(request));
      ended_ = ended_ || !volumes.requests.empty();
      return;
    }
    plan_.requests.push_back(bind_request(pod->object, room.node.name));
    // A binding is answered without a revision; a patch that changes nothing tells the one from which on the view shows it.
    Draft nothing;
    nothing.root() = nothing.object();
    plan_.requests.push_back(client::merge_patch_request(pod->object, "status", std::move(nothing), false, kSchedulerAccount));
    // Told only if it was bound.
    plan_.independent_from = plan_.requests.size();
    events_.normal(pod->object, "Scheduled",
                   "Successfully assigned " + pod->object.name_space + "/" + pod->object.name + " to " + room.node.name);
    ++bindings_;
    // Who else uses its claims is seen in the view: the next round has it.
    ended_ = !pod->claims.empty();
  }

  // The node that room was made on for it.
  std::vector<std::size_t> nominated_first(const PodFacts& pod, const std::vector<std::size_t>& fitting) const {
    for (const std::size_t i : fitting) {
      if (nodes_.nodes[i].node.name == pod.nominated_node) return {i};
    }
    return fitting;
  }

  void refuse(const PodFactsPtr& pod, const PodFit& fit, const std::vector<Verdict>& verdicts) {
    std::map<std::string, std::size_t> reasons;
    for (const Verdict& verdict : verdicts) {
      for (const std::string& reason : verdict.reasons) ++reasons[reason];
    }
    std::string message = nodes_message(nodes_.nodes.size(), reasons);
    if (!fit.problem().empty()) message += " " + fit.problem() + ".";
    const Preemption preemption = preempt(view_, *pod, fit, nodes_.nodes, verdicts);
    if (!preemption.why_not.empty()) message += " " + preemption.why_not;
    for (const PodFactsPtr& victim : preemption.victims) end(*victim, *pod, preemption.node);
    wait(*pod, kUnschedulable, message, preemption.node);
    if (preemption.node.empty()) return;
    // What is less important must not take the room that is being made.
    NodeRoom& room = *nodes_.find(preemption.node);
    for (const PodFactsPtr& victim : preemption.victims) room.remove(*victim);
    room.add(pod);
  }

  void end(const PodFacts& victim, const PodFacts& pod, const std::string& node) {
    if (victim.deleting) return;
    plan_.requests.push_back(disruption_request(victim.object, context_.wall_ns));
    plan_.requests.push_back(client::delete_request(victim.object, "", /*same_revision=*/false));
    events_.normal(victim.object, "Preempted", "Preempted by pod " + pod.object.uid + " on node " + node);
  }

  void wait(const PodFacts& pod, std::string_view reason, const std::string& message, const std::string& nominated_node) {
    // An error is told each time: when it was last seen says when to try again.
    if (reason != kError && says(pod.object, reason, message, nominated_node)) return;
    plan_.requests.push_back(waiting_request(pod.object, reason, message, nominated_node, context_.wall_ns));
    events_.warning(pod.object, "FailedScheduling", message);
    ++reports_;
  }

  const View& view_;
  const client::StepContext& context_;
  Plan plan_;
  client::EventRecorder events_;
  std::vector<PodFactsPtr> pods_, waiting_;
  NodeRooms nodes_;
  bool ended_ = false;
  std::size_t bindings_ = 0, reports_ = 0;
};

class Scheduler final : public client::Controller {
 public:
  std::string_view name() const override { return kSchedulerAccount; }

  // Whatever can make a pod fit, or is a pod that waits.
  void keys_of(const client::Change& change, const View&, std::vector<std::string>& keys) const override {
    const client::Resource& kind = change.object.resource;
    if (kind.is("", "pods") && !memo_.matters(change)) return;
    const bool core =
        kind.group.empty() && (kind.plural == "pods" || kind.plural == "nodes" || kind.plural == "persistentvolumes" ||
                               kind.plural == "persistentvolumeclaims" || kind.plural == "namespaces");
    const bool storage = kind.group == "storage.k8s.io" && kind.plural != "volumeattachments";
    if (core || storage || kind.is("policy", "poddisruptionbudgets")) keys.emplace_back(kQueue);
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override { keys.emplace_back(kQueue); }

  Plan step(const View& view, const std::string&, const client::StepContext& context) const override {
    return Round(view, memo_, context).run();
  }

 private:
  mutable PodFactsMemo memo_;  // what was read of pods that did not change since
};

}  // namespace

std::unique_ptr<client::Controller> make_scheduler() { return std::make_unique<Scheduler>(); }

}  // namespace plinth::workloads
