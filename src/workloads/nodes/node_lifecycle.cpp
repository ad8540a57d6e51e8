#include <map>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/pod_state.h"
#include "workloads/nodes/node_taints.h"
#include "workloads/nodes/nodes.h"
#include "workloads/nodes/requests.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "node-controller";
constexpr std::string_view kLeaseNamespace = "kube-node-lease";
// --node-monitor-grace-period, and --node-startup-grace-period for nodes that never reported.
constexpr std::int64_t kGraceNs = 50'000'000'000, kStartupGraceNs = 60'000'000'000;

bool is_node_ready(const Object& node) { return is_ready(node.document.root()); }

// Keys are nodes.
class NodeLifecycle final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "nodes")) {
      if (change.deleted) heartbeats_.erase(object.name);
      initial_keys(view, keys);  // whether pods are evicted depends on the other nodes too
    } else if (object.resource.is("coordination.k8s.io", "leases") && object.name_space == kLeaseNamespace) {
      keys.push_back(object.name);
    } else if (object.resource.is("", "pods") && !change.deleted && !object["spec"]["nodeName"].as_string().empty()) {
      const auto node = view.get(*view.find_resource("", "nodes"), "", object["spec"]["nodeName"].as_string());
      if (node && !is_node_ready(*node)) keys.push_back(node->name);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "nodes"), "", [&](const Object& node) {
      keys.push_back(node.name);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto node = view.get(*view.find_resource("", "nodes"), "", key);
    if (!node || node->deleting()) return plan;
    client::EventRecorder events(view, kName, context.wall_ns, plan);
    const Value ready = condition_of(node->document.root(), "Ready");
    const std::int64_t left =
        last_heard(view, *node, context.wall_ns) + (ready.is_null() ? kStartupGraceNs : kGraceNs) - context.wall_ns;
    if (left <= 0 && ready["status"].as_string() != "Unknown") {
      plan.requests.push_back(silent_request(*node, context.wall_ns));
      events.normal(*node, "NodeNotReady", "Node " + node->name + " status is now: NodeNotReady");
      return plan;
    }
    if (left > 0) plan.revisit_ns = left;
    plan_taints(view, *node, context.wall_ns, plan);
    if (!ready.is_null() && !is_node_ready(*node)) mark_pods(view, *node, context.wall_ns, events, plan);
    return plan;
  }

 private:
  // When it was seen, on this clock, that the node had reported again: clocks of nodes may differ, and a stop of this process
  // is no silence of theirs.
  std::int64_t last_heard(const View& view, const Object& node, std::int64_t now) const {
    std::string told(condition_of(node.document.root(), "Ready")["lastHeartbeatTime"].as_string());
    const auto leases = view.find_resource("coordination.k8s.io", "leases");
    if (const auto lease = leases ? view.get(*leases, kLeaseNamespace, node.name) : std::nullopt)
      told += std::string((*lease)["spec"]["renewTime"].as_string());
    Heartbeat& known = heartbeats_[node.name];
    if (known.uid != node.uid || known.told != told) known = {node.uid, std::move(told), now};
    return known.seen_ns;
  }

  static client::Request silent_request(const Object& node, std::int64_t now) {
    Draft draft(node.document);
    Value& conditions = draft.member_path(draft.root(), {"status", "conditions"});
    if (!conditions.is_array()) conditions = draft.array();
    for (const std::string_view type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
      const Value before = condition_of(node.document.root(), type);
      if (before["status"].as_string() == "Unknown") continue;
      Value made = draft.object(8);
      draft.set(made, "type", type);
      draft.set(made, "status", "Unknown");
      const std::string_view heartbeat =
          before.is_null() ? node.metadata()["creationTimestamp"].as_string() : before["lastHeartbeatTime"].as_string();
      if (!heartbeat.empty()) draft.set(made, "lastHeartbeatTime", heartbeat);
      draft.set(made, "lastTransitionTime", format_rfc3339(now));
      draft.set(made, "reason", before.is_null() ? "NodeStatusNeverUpdated" : "NodeStatusUnknown");
      draft.set(made, "message",
                before.is_null() ? "Kubelet never posted node status." : "Kubelet stopped posting node status.");
      place(draft, conditions, made);
    }
    return client::update_request(node, "status", draft.root(), kName);
  }

  static void place(Draft& draft, Value& conditions, const Value& made) {
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (conditions.items()[i]["type"].as_string() != made["type"].as_string()) continue;
      draft.item(conditions, i) = made;
      return;
    }
    draft.push(conditions, made);
  }

  // With no node ready it is more likely that nobody can report than that all have failed: nothing is evicted then.
  static bool some_are_ready(const View& view) {
    bool found = false;
    view.list(*view.find_resource("", "nodes"), "", [&](const Object& node) {
      found = is_node_ready(node);
      return !found;
    });
    return found;
  }

  static void plan_taints(const View& view, const Object& node, std::int64_t now, Plan& plan) {
    Draft draft(node.document);
    const Value wanted = wanted_taints(draft, node, some_are_ready(view), now);
    if (same_taints(node["spec"]["taints"], wanted)) return;
    Value& spec = draft.member_path(draft.root(), {"spec"});
    if (wanted.size() == 0)
      draft.remove(spec, "taints");
    else
      draft.set(spec, "taints", wanted);
    plan.requests.push_back(client::update_request(node, "", draft.root(), kName));
  }

  static void mark_pods(const View& view, const Object& node, std::int64_t now, client::EventRecorder& events, Plan& plan) {
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      if (pod["spec"]["nodeName"].as_string() != node.name || !is_ready(pod.document.root())) return true;
      plan.requests.push_back(pod_condition_request(pod, "Ready", "False", "", "", "", now, kName));
      events.warning(pod, "NodeNotReady", "Node is not ready");
      return true;
    });
  }

  struct Heartbeat {
    std::string uid, told;
    std::int64_t seen_ns = 0;
  };
  mutable std::map<std::string, Heartbeat> heartbeats_;
};

}  // namespace

std::unique_ptr<client::Controller> make_node_lifecycle() { return std::make_unique<NodeLifecycle>(); }

}  // namespace plinth::workloads
