#include <algorithm>

#include "workloads/common/pod_state.h"
#include "workloads/nodes/nodes.h"
#include "workloads/nodes/requests.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "pod-garbage-collector";
constexpr std::string_view kOutOfService = "node.kubernetes.io/out-of-service";
constexpr const char* kTerminated = "terminated";
// --terminated-pod-gc-threshold, and how many of them go in one step.
constexpr std::size_t kTerminatedMax = 12500, kDeletedAtOnce = 100;

bool is_out_of_service(const Object& node) {
  const Value taints = node["spec"]["taints"];
  const bool tainted = std::any_of(taints.items().begin(), taints.items().end(), [](const Value& taint) {
    const std::string_view effect = taint["effect"].as_string();
    return taint["key"].as_string() == kOutOfService && (effect == "NoExecute" || effect == "NoSchedule");
  });
  return tainted && !is_ready(node.document.root());
}

// Keys: "pod/NAMESPACE/NAME", and one for all terminal pods.
class PodGarbageCollector final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "pods") && !change.deleted) {
      if (concerns(view, object)) keys.push_back("pod/" + client::make_key(object.name_space, object.name));
      if (is_terminal(object.document.root()) && view.count(object.resource, "") > kTerminatedMax)
        keys.emplace_back(kTerminated);
    } else if (object.resource.is("", "nodes") && (change.deleted || is_out_of_service(object))) {
      view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
        if (pod["spec"]["nodeName"].as_string() == object.name)
          keys.push_back("pod/" + client::make_key(pod.name_space, pod.name));
        return true;
      });
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      if (concerns(view, pod)) keys.push_back("pod/" + client::make_key(pod.name_space, pod.name));
      return true;
    });
    keys.emplace_back(kTerminated);
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    if (key == kTerminated) return terminated_step(view);
    Plan plan;
    const auto [name_space, name] = client::split_key(client::split_key(key).second);
    const auto pod = view.get(*view.find_resource("", "pods"), name_space, name);
    if (!pod || !concerns(view, *pod)) return plan;
    const std::string_view node = (*pod)["spec"]["nodeName"].as_string();
    const bool orphaned = !node.empty() && !view.get(*view.find_resource("", "nodes"), "", node);
    // The view may not have seen a new node yet.
    if (orphaned) plan.requests.push_back(client::check_absent(*view.find_resource("", "nodes"), "", node, ""));
    if (!is_terminal(pod->document.root()) && orphaned) {
      plan.requests.push_back(pod_condition_request(*pod, "DisruptionTarget", "True", "DeletionByPodGC",
                                                    "PodGC: node no longer exists", "Failed", context.wall_ns, kName));
    } else if (!is_terminal(pod->document.root())) {
      plan.requests.push_back(pod_condition_request(*pod, "", "", "", "", "Failed", context.wall_ns, kName));
    }
    if (!is_told_to_go(*pod)) plan.requests.push_back(force_delete_request(*pod));
    return plan;
  }

 private:
  // Only finalizers hold it.
  static bool is_told_to_go(const Object& pod) {
    const Value grace = pod.metadata()["deletionGracePeriodSeconds"];
    return pod.deleting() && grace.is_int() && grace.as_int() == 0;
  }

  // Nobody else will remove it.
  static bool concerns(const View& view, const Object& pod) {
    if (is_told_to_go(pod) && is_terminal(pod.document.root())) return false;
    const std::string_view node_name = pod["spec"]["nodeName"].as_string();
    if (node_name.empty()) return pod.deleting();
    const auto node = view.get(*view.find_resource("", "nodes"), "", node_name);
    return !node || (pod.deleting() && is_out_of_service(*node));
  }

  // The oldest ones past the number.
  static Plan terminated_step(const View& view) {
    Plan plan;
    std::vector<Object> terminal;
    if (view.count(*view.find_resource("", "pods"), "") <= kTerminatedMax) return plan;
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      if (is_terminal(pod.document.root())) terminal.push_back(pod);
      return true;
    });
    if (terminal.size() <= kTerminatedMax) return plan;
    std::sort(terminal.begin(), terminal.end(), [](const Object& a, const Object& b) {
      const std::string_view made_a = a.metadata()["creationTimestamp"].as_string(),
                             made_b = b.metadata()["creationTimestamp"].as_string();
      return made_a != made_b ? made_a < made_b : a.name < b.name;
    });
    plan.independent_from = 0;
    terminal.resize(std::min(terminal.size() - kTerminatedMax, kDeletedAtOnce));
    for (const Object& pod : terminal) plan.requests.push_back(force_delete_request(pod));
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_pod_garbage_collector() { return std::make_unique<PodGarbageCollector>(); }

}  // namespace plinth::workloads
