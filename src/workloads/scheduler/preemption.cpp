#include "workloads/scheduler/preemption.h"

#include <algorithm>
#include <tuple>

#include "api/label_selector.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kNotHelpful = "Preemption is not helpful for scheduling";
constexpr std::string_view kNoVictims = "No preemption victims found for incoming pod";

// How many more of its pods each budget lets go.
class Budgets {
 public:
  explicit Budgets(const client::View& view) {
    view.list(*view.find_resource("policy", "poddisruptionbudgets"), "", [&](const client::Object& budget) {
      auto selector = api::LabelSelector::from_object(budget["spec"]["selector"]);
      const Value status = budget["status"];
      if (selector.ok() && !selector->matches_everything())
        entries_.push_back(
            {budget.name_space, std::move(*selector), status["disruptionsAllowed"].as_int(), status["disruptedPods"]});
      return true;
    });
  }
  // Whether ending this pod, after those asked about before, breaks a budget.
  bool breaks(const PodFacts& pod) {
    bool broken = false;
    for (Entry& entry : entries_) {
      if (entry.name_space != pod.object.name_space || !entry.selector.matches(pod.labels)) continue;
      if (entry.disrupted.find(pod.object.name) != nullptr) continue;
      broken = --entry.allowed < 0 || broken;
    }
    return broken;
  }

 private:
  struct Entry {
    std::string name_space;
    api::LabelSelector selector;
    std::int64_t allowed;
    Value disrupted;
  };
  std::vector<Entry> entries_;
};

bool is_more_important(const PodFacts& a, const PodFacts& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  const std::string_view started_a = a.object["status"]["startTime"].as_string(),
                         started_b = b.object["status"]["startTime"].as_string();
  return started_a != started_b ? started_a < started_b : a.object.name < b.object.name;
}

struct Candidate {
  const NodeRoom* room = nullptr;
  std::vector<PodFactsPtr> victims;
  std::int64_t broken_budgets = 0;

  // The smaller the better.
  auto cost() const {
    std::int64_t highest = INT64_MIN, sum = 0;
    for (const PodFactsPtr& victim : victims) {
      highest = std::max(highest, victim->priority);
      sum += victim->priority + (std::int64_t{1} << 31);  // negative ones count too
    }
    return std::tuple(broken_budgets, highest, sum, victims.size(), room->node.name);
  }
};

// The pods that must go from the node: all of lower priority, but for those that can stay after all.
std::optional<Candidate> candidate(const client::View& view, const PodFacts& pod, const PodFit& fit, const NodeRoom& room) {
  NodeRoom changed = room;
  std::vector<PodFactsPtr> lower;
  for (const PodFactsPtr& other : room.pods) {
    if (other->priority < pod.priority) lower.push_back(other);
  }
  if (lower.empty()) return std::nullopt;
  for (const PodFactsPtr& other : lower) changed.remove(*other);
  if (!fit.check_changed(changed).fits()) return std::nullopt;
  std::sort(lower.begin(), lower.end(), [](const PodFactsPtr& a, const PodFactsPtr& b) { return is_more_important(*a, *b); });
  Budgets budgets(view);
  std::vector<PodFactsPtr> breaking, harmless;
  for (const PodFactsPtr& other : lower) (budgets.breaks(*other) ? breaking : harmless).push_back(other);
  Candidate out;
  out.room = &room;
  auto spare = [&](const std::vector<PodFactsPtr>& pods, bool breaks) {
    for (const PodFactsPtr& other : pods) {
      changed.add(other);
      if (fit.check_changed(changed).fits()) continue;
      changed.remove(*other);
      out.victims.push_back(other);
      if (breaks) ++out.broken_budgets;
    }
  };
  spare(breaking, true);
  spare(harmless, false);
  return out;
}

// Somebody of lower priority is already going on the node that the pod waits for.
bool is_under_way(const PodFacts& pod, const std::vector<NodeRoom>& nodes) {
  for (const NodeRoom& room : nodes) {
    if (room.node.name != pod.nominated_node) continue;
    return std::any_of(room.pods.begin(), room.pods.end(),
                       [&](const PodFactsPtr& p) { return p->deleting && p->priority < pod.priority; });
  }
  return false;
}

}  // namespace

Preemption preempt(const client::View& view, const PodFacts& pod, const PodFit& fit, const std::vector<NodeRoom>& nodes,
                   const std::vector<Verdict>& verdicts) {
  Preemption out;
  if (pod.spec()["preemptionPolicy"].as_string() == "Never") {
    out.why_not = "preemption: not eligible due to preemptionPolicy=Never.";
    return out;
  }
  if (!pod.nominated_node.empty() && is_under_way(pod, nodes)) {
    out.node = pod.nominated_node;
    return out;
  }
  std::map<std::string, std::size_t> reasons;
  std::optional<Candidate> best;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!fit.problem().empty() || verdicts[i].final) {
      ++reasons[std::string(kNotHelpful)];
      continue;
    }
    auto found = candidate(view, pod, fit, nodes[i]);
    if (!found)
      ++reasons[std::string(kNoVictims)];
    else if (!best || found->cost() < best->cost())
      best = std::move(found);
  }
  if (!best) {
    out.why_not = "preemption: " + nodes_message(nodes.size(), reasons);
    return out;
  }
  out.node = best->room->node.name;
  out.victims = std::move(best->victims);
  return out;
}

}  // namespace plinth::workloads
