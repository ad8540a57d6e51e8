#include "workloads/nodes/node_taints.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/time_text.h"
#include "workloads/common/pod_state.h"

namespace plinth::workloads {
namespace {

struct Taint {
  std::string_view key, effect;
};

constexpr std::string_view kConditionTaints[] = {kNotReadyTaint,
                                                 kUnreachableTaint,
                                                 "node.kubernetes.io/memory-pressure",
                                                 "node.kubernetes.io/disk-pressure",
                                                 "node.kubernetes.io/pid-pressure",
                                                 "node.kubernetes.io/network-unavailable",
                                                 "node.kubernetes.io/unschedulable"};

bool is_ours(const Value& taint) {
  const std::string_view key = taint["key"].as_string(), effect = taint["effect"].as_string();
  if (effect == "NoExecute") return key == kNotReadyTaint || key == kUnreachableTaint;
  return effect == "NoSchedule" &&
         std::find(std::begin(kConditionTaints), std::end(kConditionTaints), key) != std::end(kConditionTaints);
}

std::vector<Taint> of_conditions(const client::Object& node, bool execute) {
  std::vector<Taint> out;
  const Value root = node.document.root();
  auto is = [&](std::string_view type, std::string_view status) {
    return condition_of(root, type)["status"].as_string() == status;
  };
  for (const auto& [key, status] : {std::pair(kNotReadyTaint, "False"), std::pair(kUnreachableTaint, "Unknown")}) {
    if (!is("Ready", status)) continue;
    out.push_back({key, "NoSchedule"});
    if (execute) out.push_back({key, "NoExecute"});
  }
  if (is("MemoryPressure", "True")) out.push_back({"node.kubernetes.io/memory-pressure", "NoSchedule"});
  if (is("DiskPressure", "True")) out.push_back({"node.kubernetes.io/disk-pressure", "NoSchedule"});
  if (is("PIDPressure", "True")) out.push_back({"node.kubernetes.io/pid-pressure", "NoSchedule"});
  if (is("NetworkUnavailable", "True")) out.push_back({"node.kubernetes.io/network-unavailable", "NoSchedule"});
  if (root["spec"]["unschedulable"].as_bool()) out.push_back({"node.kubernetes.io/unschedulable", "NoSchedule"});
  return out;
}

bool is_same(const Value& a, const Value& b) {
  return a["key"].as_string() == b["key"].as_string() && a["effect"].as_string() == b["effect"].as_string() &&
         a["value"].as_string() == b["value"].as_string();
}

bool holds(const Value& taints, const Value& taint) {
  const auto all = taints.items();
  return std::any_of(all.begin(), all.end(), [&](const Value& t) { return is_same(t, taint); });
}

}  // namespace

Value wanted_taints(Draft& draft, const client::Object& node, bool execute, std::int64_t wall_ns) {
  Value out = draft.array();
  const Value before = node["spec"]["taints"];
  const std::vector<Taint> wanted = of_conditions(node, execute);
  auto wants = [&](const Value& taint) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const Taint& t) {
      return t.key == taint["key"].as_string() && t.effect == taint["effect"].as_string();
    });
  };
  for (const Value& taint : before.items()) {
    // Before the node has told its condition nobody knows better than who made it (admission taints new nodes).
    const bool unknown = condition_of(node.document.root(), "Ready").is_null() && taint["key"].as_string() == kNotReadyTaint;
    if (!is_ours(taint) || wants(taint) || unknown) draft.push(out, draft.clone(taint));
  }
  for (const Taint& taint : wanted) {
    Value made = draft.object();
    draft.set(made, "key", taint.key);
    draft.set(made, "effect", taint.effect);
    if (holds(out, made)) continue;
    draft.set(made, "timeAdded", format_rfc3339(wall_ns));
    draft.push(out, made);
  }
  return out;
}

bool same_taints(const Value& a, const Value& b) {
  const auto all = a.items();
  return a.size() == b.size() && std::all_of(all.begin(), all.end(), [&](const Value& taint) { return holds(b, taint); });
}

}  // namespace plinth::workloads
