#include "workloads/scheduler/pod_affinity.h"

#include <algorithm>

namespace plinth::workloads {
namespace {

// What upstream calls hardPodAffinityWeight: how much a required term of an existing pod draws others to it.
constexpr std::int64_t kRequiredTermWeight = 1;

bool all_select(const client::View& view, const std::vector<AffinityTerm>& terms, const PodFacts& pod) {
  return std::all_of(terms.begin(), terms.end(), [&](const AffinityTerm& term) { return term_selects(view, term, pod); });
}

bool same_domain(const NodeRoom& a, const NodeRoom& b, const std::string& key) {
  const auto left = a.label(key), right = b.label(key);
  return left && right && *left == *right;
}

}  // namespace

bool term_selects(const client::View& view, const AffinityTerm& term, const PodFacts& pod) {
  const auto& names = term.namespaces;
  bool in_namespace = std::find(names.begin(), names.end(), pod.object.name_space) != names.end();
  if (!in_namespace && term.namespace_selector) {
    if (term.namespace_selector->matches_everything()) {
      in_namespace = true;
    } else {
      const auto found = view.get(*view.find_resource("", "namespaces"), "", pod.object.name_space);
      in_namespace = found && term.namespace_selector->matches(found->metadata()["labels"]);
    }
  }
  return in_namespace && term.selector.matches(pod.labels);
}

PodAffinity::PodAffinity(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes) : pod_(pod) {
  auto count = [](Domains& domains, const NodeRoom& room, const std::string& key) {
    if (const auto value = room.label(key)) ++domains[{key, std::string(*value)}];
  };
  for (const NodeRoom& room : nodes) {
    for (const PodFactsPtr& other : room.pods) {
      // Those that are ending still count: they are there.
      if (!pod.affinity.empty() && all_select(view, pod.affinity, *other)) {
        for (const AffinityTerm& term : pod.affinity) count(affinity_, room, term.topology_key);
      }
      for (const AffinityTerm& term : pod.anti_affinity) {
        if (term_selects(view, term, *other)) count(anti_affinity_, room, term.topology_key);
      }
      for (const AffinityTerm& term : other->anti_affinity) {
        if (term_selects(view, term, pod)) count(existing_anti_affinity_, room, term.topology_key);
      }
    }
  }
  first_of_its_kind_ = affinity_.empty() && all_select(view, pod.affinity, pod);
}

bool PodAffinity::near(const Domains& domains, const NodeRoom& room, const std::string& key) const {
  const auto value = room.label(key);
  return value && domains.count({key, std::string(*value)}) > 0;
}

bool PodAffinity::affinity_holds(const NodeRoom& room) const {
  bool everywhere = true;
  for (const AffinityTerm& term : pod_.affinity) {
    if (!room.label(term.topology_key)) return false;
    everywhere = everywhere && near(affinity_, room, term.topology_key);
  }
  return everywhere || first_of_its_kind_;
}

Verdict PodAffinity::check(const NodeRoom& room) const {
  if (!affinity_holds(room)) return Verdict::refuse_for_good("node(s) didn't match pod affinity rules");
  for (const AffinityTerm& term : pod_.anti_affinity) {
    if (near(anti_affinity_, room, term.topology_key)) return Verdict::refuse("node(s) didn't match pod anti-affinity rules");
  }
  for (const auto& [domain, count] : existing_anti_affinity_) {
    if (near(existing_anti_affinity_, room, domain.first))
      return Verdict::refuse("node(s) didn't satisfy existing pods anti-affinity rules");
  }
  return Verdict::ok();
}

std::int64_t affinity_score(const client::View& view, const PodFacts& pod, const std::vector<NodeRoom>& nodes,
                            const NodeRoom& room) {
  std::int64_t score = 0;
  auto weigh = [&](const std::vector<AffinityTerm>& terms, const PodFacts& selected, const NodeRoom& at, std::int64_t sign,
                   std::int64_t fixed) {
    for (const AffinityTerm& term : terms) {
      if (term_selects(view, term, selected) && same_domain(room, at, term.topology_key))
        score += sign * (fixed != 0 ? fixed : term.weight);
    }
  };
  for (const NodeRoom& at : nodes) {
    for (const PodFactsPtr& other : at.pods) {
      weigh(pod.preferred_affinity, *other, at, 1, 0);
      weigh(pod.preferred_anti_affinity, *other, at, -1, 0);
      weigh(other->affinity, pod, at, 1, kRequiredTermWeight);
      weigh(other->preferred_affinity, pod, at, 1, 0);
      weigh(other->preferred_anti_affinity, pod, at, -1, 0);
    }
  }
  return score;
}

}  // namespace plinth::workloads
