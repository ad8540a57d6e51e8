#include "workloads/replicaset/deletion_order.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

// Everything that is compared, read once.
struct Ranked {
  const Object* pod;
  bool assigned = false, ready = false;
  int phase = 0;  // Pending, Unknown, Running
  std::int64_t cost = 0;
  std::size_t company = 0;  // pods on its node
  std::int64_t ready_since = 0, restarts = 0, init_restarts = 0, created = 0;
};

int phase_rank(std::string_view phase) { return phase == "Running" ? 2 : phase == "Unknown" ? 1 : 0; }

std::int64_t deletion_cost(const Object& pod) {
  const Value cost = pod.metadata()["annotations"]["controller.kubernetes.io/pod-deletion-cost"];
  return parse_integer<std::int32_t>(cost.as_string()).value_or(0);
}

std::int64_t max_restarts(const Value& statuses) {
  std::int64_t most = 0;
  for (const Value& status : statuses.items()) most = std::max(most, status["restartCount"].as_int());
  return most;
}

Ranked rank(const Object& pod, const std::map<std::string_view, std::size_t>& on_node) {
  Ranked out;
  out.pod = &pod;
  const std::string_view node = pod["spec"]["nodeName"].as_string();
  out.assigned = !node.empty();
  out.phase = phase_rank(pod_phase(pod));
  const auto since = pod_ready_since(pod);
  out.ready = since.has_value();
  out.ready_since = since.value_or(0);
  out.cost = deletion_cost(pod);
  if (const auto found = on_node.find(node); found != on_node.end()) out.company = found->second;
  out.restarts = max_restarts(pod["status"]["containerStatuses"]);
  out.init_restarts = max_restarts(pod["status"]["initContainerStatuses"]);
  out.created = creation_ns(pod);
  return out;
}

// Ages count by their magnitude only, so that not always the newest of one size go.
std::int64_t age_rank(std::int64_t time_ns, std::int64_t now_ns) {
  const std::int64_t age = now_ns - time_ns;
  return age > 0 ? static_cast<std::int64_t>(std::log2(static_cast<double>(age))) : -1;
}

bool goes_first(const Ranked& a, const Ranked& b, std::int64_t now_ns) {
  if (a.assigned != b.assigned) return !a.assigned;
  if (a.phase != b.phase) return a.phase < b.phase;
  if (a.ready != b.ready) return !a.ready;
  if (a.cost != b.cost) return a.cost < b.cost;
  if (a.company != b.company) return a.company > b.company;
  auto younger = [&](std::int64_t x, std::int64_t y) {
    const std::int64_t rank_x = age_rank(x, now_ns), rank_y = age_rank(y, now_ns);
    return rank_x == rank_y ? a.pod->uid < b.pod->uid : rank_x < rank_y;
  };
  if (a.ready && a.ready_since != b.ready_since) return younger(a.ready_since, b.ready_since);
  if (a.restarts != b.restarts) return a.restarts > b.restarts;
  if (a.init_restarts != b.init_restarts) return a.init_restarts > b.init_restarts;
  if (a.created != b.created) return younger(a.created, b.created);
  return false;
}

}  // namespace

std::vector<Object> pods_to_delete(const std::vector<Object>& pods, const std::vector<Object>& related, std::size_t count,
                                   std::int64_t now_ns) {
  if (count >= pods.size()) return pods;
  std::map<std::string_view, std::size_t> on_node;
  for (const Object& pod : related) {
    const std::string_view node = pod["spec"]["nodeName"].as_string();
    if (!node.empty() && is_pod_active(pod)) ++on_node[node];
  }
  std::vector<Ranked> ranked;
  for (const Object& pod : pods) ranked.push_back(rank(pod, on_node));
  std::stable_sort(ranked.begin(), ranked.end(),
                   [now_ns](const Ranked& a, const Ranked& b) { return goes_first(a, b, now_ns); });
  std::vector<Object> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(*ranked[i].pod);
  return out;
}

}  // namespace plinth::workloads
