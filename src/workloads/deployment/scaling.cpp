#include "workloads/deployment/scaling.h"

#include <algorithm>
#include <cmath>

namespace plinth::workloads {
namespace {

constexpr std::string_view kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr std::string_view kMax = "deployment.kubernetes.io/max-replicas";

void resize(const DeploymentSpec& spec, ReplicaSet& set, std::int64_t size) {
  if (set.replicas == size) return;
  set.wanted = size;
  set_count_annotations(spec, set);
}

std::vector<ReplicaSet*> active_ones(ReplicaSets& sets) {
  std::vector<ReplicaSet*> out = sets.all();
  std::erase_if(out, [](const ReplicaSet* set) { return set->replicas == 0; });
  return out;
}

// The only active one; the newest when none is; nothing when there are several.
ReplicaSet* active_or_latest(ReplicaSets& sets) {
  const auto active = active_ones(sets);
  if (active.size() > 1) return nullptr;
  if (active.size() == 1) return active[0];
  if (sets.current) return &*sets.current;
  return sets.old.empty() ? nullptr : &sets.old.back();
}

bool is_saturated(const DeploymentSpec& spec, const std::optional<ReplicaSet>& set) {
  return set && set->count_annotation(kDesired) == spec.replicas && set->replicas == spec.replicas &&
         set->available == spec.replicas;
}

// What the set gains or loses so that its share of the whole stays the same.
std::int64_t fraction(const DeploymentSpec& spec, std::int64_t status_replicas, const ReplicaSet& set) {
  if (spec.replicas == 0) return -set.replicas;
  const std::int64_t before = set.count_annotation(kMax).value_or(0) != 0 ? *set.count_annotation(kMax) : status_replicas;
  if (before == 0) return 0;
  const double size = static_cast<double>(set.replicas * (spec.replicas + spec.max_surge)) / static_cast<double>(before);
  return std::llround(size) - set.replicas;
}

void share_out(const DeploymentSpec& spec, std::int64_t status_replicas, std::vector<ReplicaSet*> active) {
  std::int64_t total = 0;
  for (const ReplicaSet* set : active) total += set->replicas;
  const std::int64_t to_add = (spec.replicas > 0 ? spec.replicas + spec.max_surge : 0) - total;
  // Larger ones first; of equal ones the newer grow first, the older shrink first.
  std::stable_sort(active.begin(), active.end(), [to_add](const ReplicaSet* a, const ReplicaSet* b) {
    if (a->replicas != b->replicas) return a->replicas > b->replicas;
    const auto age = [](const ReplicaSet* set) { return std::pair(set->created_ns, std::string_view(set->name)); };
    return to_add > 0 ? age(a) > age(b) : age(a) < age(b);
  });
  std::int64_t added = 0;
  for (ReplicaSet* set : active) {
    std::int64_t part = 0;
    if (to_add != 0 && to_add != added) {
      part = fraction(spec, status_replicas, *set);
      part = to_add > 0 ? std::min(part, to_add - added) : std::max(part, to_add - added);
    }
    set->wanted = set->replicas + part;
    added += part;
  }
  // The largest one takes what is left over.
  if (to_add != 0 && !active.empty()) active[0]->wanted = std::max<std::int64_t>(0, active[0]->wanted + to_add - added);
  for (ReplicaSet* set : active) set_count_annotations(spec, *set);
}

// Pods that do not work go first: they block an update and serve nobody.
std::int64_t drop_unhealthy(const DeploymentSpec& spec, std::vector<ReplicaSet>& old, std::int64_t at_most) {
  std::int64_t dropped = 0;
  for (ReplicaSet& set : old) {
    if (dropped >= at_most) break;
    const std::int64_t unhealthy = set.replicas - set.available;
    if (unhealthy <= 0) continue;
    const std::int64_t count = std::min(at_most - dropped, unhealthy);
    resize(spec, set, set.replicas - count);
    dropped += count;
  }
  return dropped;
}

void drop_available(const DeploymentSpec& spec, ReplicaSets& sets) {
  std::int64_t available = 0;
  for (const ReplicaSet* set : sets.all()) available += set->available;
  std::int64_t left = available - (spec.replicas - spec.max_unavailable);
  for (ReplicaSet& set : sets.old) {
    if (left <= 0) return;
    if (set.wanted == 0) continue;
    const std::int64_t count = std::min(set.wanted, left);
    resize(spec, set, set.wanted - count);
    left -= count;
  }
}

void roll_down(const DeploymentSpec& spec, ReplicaSets& sets) {
  const std::int64_t min_available = spec.replicas - spec.max_unavailable;
  const std::int64_t new_unavailable = sets.current->wanted - sets.current->available;
  const std::int64_t at_most = sets.total_wanted() - min_available - new_unavailable;
  if (at_most <= 0) return;
  drop_unhealthy(spec, sets.old, at_most);
  drop_available(spec, sets);
}

}  // namespace

bool is_scaling_event(const DeploymentSpec& spec, ReplicaSets& sets) {
  for (const ReplicaSet* set : active_ones(sets)) {
    const auto desired = set->count_annotation(kDesired);
    if (desired && *desired != spec.replicas) return true;
  }
  return false;
}

void scale_in_proportion(const DeploymentSpec& spec, std::int64_t status_replicas, ReplicaSets& sets) {
  if (ReplicaSet* only = active_or_latest(sets)) return resize(spec, *only, spec.replicas);
  if (is_saturated(spec, sets.current)) {
    for (ReplicaSet& set : sets.old) {
      if (set.replicas > 0) resize(spec, set, 0);
    }
    return;
  }
  if (spec.rolling) share_out(spec, status_replicas, active_ones(sets));
}

std::int64_t next_size(const DeploymentSpec& spec, ReplicaSets& sets) {
  if (!spec.rolling) return spec.replicas;
  const std::int64_t current = sets.current ? sets.current->wanted : 0;
  const std::int64_t room = spec.replicas + spec.max_surge - sets.total_wanted();
  return room <= 0 ? current : current + std::min(room, spec.replicas - current);
}

void roll(const DeploymentSpec& spec, ReplicaSets& sets) {
  ReplicaSet& current = *sets.current;
  if (current.wanted != spec.replicas) {
    const std::int64_t before = current.wanted;
    resize(spec, current, current.wanted > spec.replicas ? spec.replicas : next_size(spec, sets));
    if (current.wanted != before) return;
  }
  roll_down(spec, sets);
}

}  // namespace plinth::workloads
