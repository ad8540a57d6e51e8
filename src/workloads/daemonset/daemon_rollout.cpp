#include "workloads/daemonset/daemon_rollout.h"

#include <algorithm>

#include "workloads/common/int_or_percent.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

// A pod that has failed is replaced no sooner: a node that refuses a pod would be asked again and again at once.
constexpr std::int64_t kFailedPodNs = 10'000'000'000;

struct Limits {
  std::int64_t surge = 0, unavailable = 0, desired = 0;
};

Limits read_limits(const DaemonState& state) {
  Limits out;
  const DaemonFit fit(state.set);
  for (const Object& node : state.nodes) out.desired += fit.on(node).should_run ? 1 : 0;
  const Value rolling = state.set["spec"]["updateStrategy"]["rollingUpdate"];
  out.surge = scaled_count(rolling["maxSurge"], out.desired, true);
  out.unavailable = scaled_count(rolling["maxUnavailable"], out.desired, true);
  if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
  return out;
}

bool allows_surge(const Object& set) {
  const Value strategy = set["spec"]["updateStrategy"];
  return strategy["type"].as_string() != "OnDelete" && scaled_count(strategy["rollingUpdate"]["maxSurge"], 1, true) > 0;
}

bool is_available(const DaemonState& state, const Object& pod) {
  return is_pod_available(pod, state.set["spec"]["minReadySeconds"].as_int(), state.now_ns);
}

// Bound ones before others, older before younger.
void sort_by_age(std::vector<Object>& pods) {
  std::stable_sort(pods.begin(), pods.end(), [](const Object& a, const Object& b) {
    const bool bound_a = !a["spec"]["nodeName"].as_string().empty(), bound_b = !b["spec"]["nodeName"].as_string().empty();
    if (bound_a != bound_b) return bound_a;
    const std::int64_t at = creation_ns(a), bt = creation_ns(b);
    return at != bt ? at < bt : a.name < b.name;
  });
}

// Two may be there while the new one is not available and the old one is ready.
void keep_two(const DaemonState& state, const std::vector<Object>& running, DaemonPlan& plan) {
  const Object* fresh = nullptr;
  const Object* old = nullptr;
  for (const Object& pod : running) {
    const Object*& slot = pod.metadata()["labels"]["controller-revision-hash"].as_string() == state.hash ? fresh : old;
    if (slot == nullptr)
      slot = &pod;
    else
      plan.remove.push_back(pod);
  }
  if (fresh == nullptr || old == nullptr) return;
  if (!is_pod_ready(*old) || is_available(state, *fresh)) plan.remove.push_back(*old);
}

void place_on(const DaemonState& state, const Object& node, const std::vector<Object>& pods, bool should_run,
              DaemonPlan& plan) {
  std::vector<Object> running;
  for (const Object& pod : pods) {
    if (pod.deleting()) continue;
    if (pod_phase(pod) == "Failed") {
      const std::int64_t left = creation_ns(pod) + kFailedPodNs - state.now_ns;
      if (left > 0) {
        earlier(plan.revisit_ns, left);
        continue;
      }
      plan.failed.push_back(pod);
      plan.remove.push_back(pod);
    } else if (pod_phase(pod) == "Succeeded") {
      plan.succeeded.push_back(pod);
      plan.remove.push_back(pod);
    } else {
      running.push_back(pod);
    }
  }
  sort_by_age(running);
  if (!allows_surge(state.set)) {
    for (std::size_t i = 1; i < running.size(); ++i) plan.remove.push_back(running[i]);
  } else if (running.empty()) {
    const bool waits = std::any_of(pods.begin(), pods.end(), [](const Object& p) { return !p.deleting() && has_pod_ended(p); });
    if (should_run && !waits) plan.create_on.push_back(node.name);
  } else if (running.size() > 1) {
    keep_two(state, running, plan);
  }
}

// Of a node's pods the one of the present template and the one of another. False when there are more: place() prunes them.
bool pair_of(const DaemonState& state, const std::vector<Object>& pods, const Object*& fresh, const Object*& old) {
  fresh = old = nullptr;
  for (const Object& pod : pods) {
    if (pod.deleting()) continue;
    const Object*& slot = is_updated(state.set, pod, state.hash) ? fresh : old;
    if (slot != nullptr) return false;
    slot = &pod;
  }
  return true;
}

DaemonPlan roll_down(const DaemonState& state, const Limits& limits) {
  DaemonPlan plan;
  std::int64_t unavailable = 0;
  std::vector<Object> candidates;
  for (const auto& [node, pods] : state.pods_on) {
    const Object *fresh, *old;
    const bool one = pair_of(state, pods, fresh, old) && (fresh == nullptr) != (old == nullptr);
    if (!one || (fresh != nullptr && !is_available(state, *fresh))) {
      ++unavailable;
    } else if (old != nullptr && !is_available(state, *old)) {
      // It serves nobody anyway.
      plan.remove.push_back(*old);
      ++unavailable;
    } else if (old != nullptr) {
      candidates.push_back(*old);
    }
  }
  for (const Object& pod : candidates) {
    if (unavailable++ >= limits.unavailable) break;
    plan.remove.push_back(pod);
  }
  return plan;
}

// The node of that name; null for none.
const Object* find_node(const DaemonState& state, const std::string& name) {
  for (const Object& node : state.nodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

DaemonPlan roll_with_surge(const DaemonState& state, const Limits& limits) {
  DaemonPlan plan;
  const DaemonFit fit(state.set);
  std::int64_t surging = 0, available = 0;
  std::vector<std::string> candidates;
  std::vector<Object> leaving;  // on nodes that should have none any more
  for (const auto& [name, pods] : state.pods_on) {
    const Object *fresh, *old;
    if (!pair_of(state, pods, fresh, old)) {
      ++surging;
      continue;
    }
    const Object* counts = old != nullptr ? old : fresh;
    if (counts != nullptr && is_available(state, *counts)) ++available;
    if (old == nullptr) continue;
    if (fresh != nullptr) {
      if (is_available(state, *fresh))
        plan.remove.push_back(*old);
      else
        ++surging;
      continue;
    }
    const Object* node = find_node(state, name);
    const bool belongs = node != nullptr && fit.on(*node).should_run;
    const bool serves = is_available(state, *old);
    if (!belongs)
      (serves ? leaving : plan.remove).push_back(*old);
    else if (serves)
      candidates.push_back(name);
    else
      plan.create_on.push_back(name);
  }
  // One that is leaving goes when another node's pod serves in its place.
  for (std::int64_t i = 0; i < std::min<std::int64_t>(available - limits.desired, std::ssize(leaving)); ++i)
    plan.remove.push_back(leaving[static_cast<std::size_t>(i)]);
  for (const std::string& name : candidates) {
    if (surging++ >= limits.surge) break;
    plan.create_on.push_back(name);
  }
  return plan;
}

}  // namespace

DaemonPlan place(const DaemonState& state) {
  DaemonPlan plan;
  const DaemonFit fit(state.set);
  for (const Object& node : state.nodes) {
    const NodeFit fits = fit.on(node);
    const auto found = state.pods_on.find(node.name);
    const bool has_any = found != state.pods_on.end();
    if (fits.should_run && !has_any) {
      plan.create_on.push_back(node.name);
    } else if (fits.may_stay && has_any) {
      place_on(state, node, found->second, fits.should_run, plan);
    } else if (has_any) {
      for (const Object& pod : found->second) {
        if (!pod.deleting()) plan.remove.push_back(pod);
      }
    }
  }
  // Pods for nodes that are gone are never bound, and nobody else collects them.
  for (const auto& [name, pods] : state.pods_on) {
    if (find_node(state, name) != nullptr) continue;
    for (const Object& pod : pods) {
      if (pod["spec"]["nodeName"].as_string().empty() && !pod.deleting()) plan.remove.push_back(pod);
    }
  }
  return plan;
}

DaemonPlan roll(const DaemonState& state) {
  const Limits limits = read_limits(state);
  return limits.surge > 0 ? roll_with_surge(state, limits) : roll_down(state, limits);
}

}  // namespace plinth::workloads
