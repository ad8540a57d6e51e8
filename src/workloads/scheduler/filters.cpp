#include "workloads/scheduler/filters.h"

#include <algorithm>

#include "workloads/common/node_selection.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kUnschedulableTaint = "node.kubernetes.io/unschedulable";

Verdict check_schedulable(const PodFacts& pod, const NodeRoom& room) {
  if (!room.node["spec"]["unschedulable"].as_bool()) return Verdict::ok();
  Draft taint;
  taint.root() = taint.object();
  taint.set(taint.root(), "key", kUnschedulableTaint);
  taint.set(taint.root(), "effect", "NoSchedule");
  if (tolerates(pod.spec()["tolerations"], taint.root())) return Verdict::ok();
  return Verdict::refuse_for_good("node(s) were unschedulable");
}

Verdict check_taints(const PodFacts& pod, const NodeRoom& room) {
  const Value taint = untolerated_taint(pod.spec()["tolerations"], room.node["spec"]["taints"], true, true);
  if (taint.is_null()) return Verdict::ok();
  return Verdict::refuse_for_good("node(s) had untolerated taint {" + std::string(taint["key"].as_string()) + ": " +
                                  std::string(taint["value"].as_string()) + "}");
}

Verdict check_ports(const PodFacts& pod, const NodeRoom& room) {
  constexpr std::string_view kAny = "0.0.0.0";
  auto clash = [&](const HostPort& a, const HostPort& b) {
    return a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || a.ip == kAny || b.ip == kAny);
  };
  for (const HostPort& wanted : pod.ports) {
    for (const PodFactsPtr& other : room.pods) {
      if (std::any_of(other->ports.begin(), other->ports.end(), [&](const HostPort& taken) { return clash(wanted, taken); }))
        return Verdict::refuse("node(s) didn't have free ports for the requested pod ports");
    }
  }
  return Verdict::ok();
}

Verdict check_resources(const PodFacts& pod, const NodeRoom& room) {
  auto amount = [](const api::ResourceAmounts& amounts, const std::string& name) {
    const auto found = amounts.find(name);
    return found == amounts.end() ? api::Quantity() : found->second;
  };
  Verdict out;
  bool final = true;
  if (static_cast<std::int64_t>(room.pods.size()) + 1 > amount(room.allocatable, "pods").value()) {
    out.reasons.emplace_back("Too many pods");
    final = false;
  }
  for (const auto& [name, wanted] : pod.requests) {
    const api::Quantity have = amount(room.allocatable, name);
    if (wanted.compare(have - amount(room.used, name)) <= 0) continue;
    out.reasons.push_back("Insufficient " + name);
    final = final && wanted.compare(have) > 0;
  }
  out.final = !out.reasons.empty() && final;
  return out;
}

}  // namespace

std::string nodes_message(std::size_t nodes, const std::map<std::string, std::size_t>& reasons) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) parts.push_back(std::to_string(count) + " " + reason);
  std::sort(parts.begin(), parts.end());
  std::string out = "0/" + std::to_string(nodes) + " nodes are available:";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? " " : ", ") + parts[i];
  return parts.empty() ? out : out + ".";
}

Verdict check_node(const PodFacts& pod, const NodeRoom& room) {
  if (Verdict verdict = check_schedulable(pod, room); !verdict.fits()) return verdict;
  if (Verdict verdict = check_taints(pod, room); !verdict.fits()) return verdict;
  if (!matches_required_nodes(pod.spec(), room.node))
    return Verdict::refuse_for_good("node(s) didn't match Pod's node affinity/selector");
  if (Verdict verdict = check_ports(pod, room); !verdict.fits()) return verdict;
  return check_resources(pod, room);
}

}  // namespace plinth::workloads
