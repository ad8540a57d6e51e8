#include "workloads/scheduler/fit.h"

#include <algorithm>

#include "workloads/common/node_selection.h"
#include "workloads/scheduler/filters.h"

namespace plinth::workloads {
namespace {

constexpr double kScoreMax = 100;

// Preferred node affinity: a sum of weights.
double preferred_nodes(const PodFacts& pod, const NodeRoom& room) {
  double out = 0;
  for (const Value& term : pod.spec()["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"].items()) {
    if (matches_node_term(term["preference"], room.node)) out += static_cast<double>(term["weight"].as_int());
  }
  return out;
}

double unwanted_taints(const PodFacts& pod, const NodeRoom& room) {
  double out = 0;
  for (const Value& taint : room.node["spec"]["taints"].items()) {
    if (taint["effect"].as_string() == "PreferNoSchedule" && !tolerates(pod.spec()["tolerations"], taint)) ++out;
  }
  return out;
}

// How much of cpu and memory would be left, as a share.
double least_allocated(const PodFacts& pod, const NodeRoom& room) {
  double sum = 0;
  auto amount = [](const api::ResourceAmounts& amounts, std::string_view name) {
    const auto found = amounts.find(name);
    return found == amounts.end() ? 0.0 : found->second.approximate();
  };
  for (const std::string_view name : {"cpu", "memory"}) {
    const double all = amount(room.allocatable, name);
    if (all > 0) sum += std::max(0.0, (all - amount(room.used, name) - amount(pod.requests, name)) / all);
  }
  return sum / 2 * kScoreMax;
}

// Values mapped onto 0..100; all equal: 0 when more is better, 100 when less is.
void normalize(std::vector<double>& values, bool more_is_better) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double least = *low, most = *high;
  for (double& value : values) {
    const double share = most > least ? (value - least) / (most - least) : 0;
    value = (more_is_better ? share : 1 - share) * kScoreMax;
  }
}

}  // namespace

PodFit::PodFit(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes,
               const std::vector<PodFactsPtr>& pods)
    : view_(view), pod_(pod), nodes_(nodes), volumes_(view, pod, pods), affinity_(view, pod, nodes), spread_(pod, nodes) {}

Verdict PodFit::check(const NodeRoom& room) const {
  if (Verdict verdict = check_node(pod_, room); !verdict.fits()) return verdict;
  if (Verdict verdict = volumes_.check(room); !verdict.fits()) return verdict;
  if (Verdict verdict = spread_.check(room); !verdict.fits()) return verdict;
  return affinity_.check(room);
}

Verdict PodFit::check_changed(const NodeRoom& changed) const {
  if (Verdict verdict = check_node(pod_, changed); !verdict.fits()) return verdict;
  if (Verdict verdict = volumes_.check(changed); !verdict.fits()) return verdict;
  std::vector<NodeRoom> nodes = nodes_;
  for (NodeRoom& room : nodes) {
    if (room.node.name == changed.node.name) room = changed;
  }
  if (Verdict verdict = TopologySpread(pod_, nodes).check(changed); !verdict.fits()) return verdict;
  return PodAffinity(view_, pod_, nodes).check(changed);
}

std::size_t PodFit::best(const std::vector<std::size_t>& fitting) const {
  if (fitting.size() == 1) return fitting.front();
  struct Scale {
    double weight;
    bool more_is_better;
    std::function<double(const NodeRoom&)> of;
  };
  const std::vector<Scale> scales = {
      {3, false, [&](const NodeRoom& room) { return unwanted_taints(pod_, room); }},
      {2, true, [&](const NodeRoom& room) { return preferred_nodes(pod_, room); }},
      {2, false, [&](const NodeRoom& room) { return static_cast<double>(spread_.crowd(room)); }},
      {2, true, [&](const NodeRoom& room) { return static_cast<double>(affinity_score(view_, pod_, nodes_, room)); }}};
  std::vector<double> totals;
  for (const std::size_t i : fitting) totals.push_back(least_allocated(pod_, nodes_[i]));
  for (const Scale& scale : scales) {
    std::vector<double> values;
    for (const std::size_t i : fitting) values.push_back(scale.of(nodes_[i]));
    normalize(values, scale.more_is_better);
    for (std::size_t i = 0; i < values.size(); ++i) totals[i] += scale.weight * values[i];
  }
  return fitting[static_cast<std::size_t>(std::max_element(totals.begin(), totals.end()) - totals.begin())];
}

}  // namespace plinth::workloads
