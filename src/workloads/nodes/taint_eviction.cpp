#include <algorithm>
#include <optional>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/node_selection.h"
#include "workloads/common/pod_state.h"
#include "workloads/nodes/nodes.h"
#include "workloads/nodes/requests.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "node-controller";
constexpr std::string_view kComponent = "taint-eviction-controller";
constexpr std::int64_t kSecondNs = 1'000'000'000;

// Of the tolerations that match the taint the shortest time; nothing: it is not tolerated. INT64_MAX: without end.
std::optional<std::int64_t> tolerated_seconds(const Value& tolerations, const Value& taint) {
  std::optional<std::int64_t> out;
  for (const Value& toleration : tolerations.items()) {
    Draft one;
    one.root() = one.array();
    one.push(one.root(), one.clone(toleration));
    if (!tolerates(one.root(), taint)) continue;
    const Value seconds = toleration["tolerationSeconds"];
    const std::int64_t here = seconds.is_int() ? std::max<std::int64_t>(0, seconds.as_int()) : INT64_MAX;
    out = std::min(out.value_or(INT64_MAX), here);
  }
  return out;
}

// When the pod has to go; nothing: it may stay.
std::optional<std::int64_t> eviction_time(const Object& pod, const Object& node, std::int64_t now) {
  std::optional<std::int64_t> out;
  for (const Value& taint : node["spec"]["taints"].items()) {
    if (taint["effect"].as_string() != "NoExecute") continue;
    const auto seconds = tolerated_seconds(pod["spec"]["tolerations"], taint);
    if (seconds == INT64_MAX) continue;
    const auto added = parse_rfc3339(taint["timeAdded"].as_string());
    const std::int64_t at = seconds ? (added ? added->wall_ns() : now) + *seconds * kSecondNs : now;
    out = std::min(out.value_or(INT64_MAX), at);
  }
  return out;
}

bool has_execute_taint(const Object& node) {
  const Value taints = node["spec"]["taints"];
  return std::any_of(taints.items().begin(), taints.items().end(),
                     [](const Value& t) { return t["effect"].as_string() == "NoExecute"; });
}

// Keys: "pod/NAMESPACE/NAME", "node/NAME" (taints made by hand have no time yet).
class TaintEviction final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (change.deleted) return;
    if (object.resource.is("", "nodes") && has_execute_taint(object)) keys_of_node(object, view, keys);
    if (object.resource.is("", "pods") && !object["spec"]["nodeName"].as_string().empty()) {
      const auto node = view.get(*view.find_resource("", "nodes"), "", object["spec"]["nodeName"].as_string());
      if (node && has_execute_taint(*node)) keys.push_back("pod/" + client::make_key(object.name_space, object.name));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "nodes"), "", [&](const Object& node) {
      if (has_execute_taint(node)) keys_of_node(node, view, keys);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [kind, rest] = client::split_key(key);
    const auto nodes = *view.find_resource("", "nodes");
    if (kind == "node") {
      if (const auto node = view.get(nodes, "", rest)) plan_times(*node, context.wall_ns, plan);
      return plan;
    }
    const auto [name_space, name] = client::split_key(rest);
    const auto pod = view.get(*view.find_resource("", "pods"), name_space, name);
    if (!pod || pod->deleting() || is_terminal(pod->document.root())) return plan;
    const auto node = view.get(nodes, "", (*pod)["spec"]["nodeName"].as_string());
    const auto at = node ? eviction_time(*pod, *node, context.wall_ns) : std::nullopt;
    if (!at) return plan;
    if (*at > context.wall_ns) {
      plan.revisit_ns = *at - context.wall_ns;
      return plan;
    }
    plan.requests.push_back(pod_condition_request(*pod, "DisruptionTarget", "True", "DeletionByTaintManager",
                                                  "Taint manager: deleting due to NoExecute taint", "", context.wall_ns,
                                                  kName));
    plan.requests.push_back(client::delete_request(*pod, "", /*same_revision=*/false));
    client::EventRecorder events(view, kComponent, context.wall_ns, plan);
    events.normal(*pod, "TaintManagerEviction", "Marking for deletion Pod " + pod->name_space + "/" + pod->name);
    return plan;
  }

 private:
  static void keys_of_node(const Object& node, const View& view, std::vector<std::string>& keys) {
    keys.push_back("node/" + node.name);
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      if (pod["spec"]["nodeName"].as_string() == node.name) keys.push_back("pod/" + client::make_key(pod.name_space, pod.name));
      return true;
    });
  }

  // What tolerationSeconds count from is kept with the taint, so that a restart does not begin anew.
  static void plan_times(const Object& node, std::int64_t now, Plan& plan) {
    Draft draft(node.document);
    Value& taints = draft.member_path(draft.root(), {"spec", "taints"});
    bool changed = false;
    for (std::size_t i = 0; i < taints.size(); ++i) {
      const Value taint = taints.items()[i];
      if (taint["effect"].as_string() != "NoExecute" || taint["timeAdded"].is_string()) continue;
      draft.set(draft.item(taints, i), "timeAdded", format_rfc3339(now));
      changed = true;
    }
    if (changed) plan.requests.push_back(client::update_request(node, "", draft.root(), kName));
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_taint_eviction() { return std::make_unique<TaintEviction>(); }

}  // namespace plinth::workloads
