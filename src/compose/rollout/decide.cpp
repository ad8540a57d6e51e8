// What comes next in a rollout.
#include <algorithm>

#include "base/text.h"
#include "base/time_text.h"
#include "compose/instance/instance_status.h"
#include "compose/marks.h"
#include "compose/rollout/rollout.h"

namespace plinth::compose {
namespace {

using client::Object;

std::string name_of(const Object& instance) {
  return instance.name_space.empty() ? instance.name : instance.name_space + "/" + instance.name;
}

class Decider {
 public:
  Decider(const RolloutSpec& spec, std::int64_t latest, std::int64_t now_ns) : spec_(spec), latest_(latest), now_ns_(now_ns) {}

  void take_up(const std::optional<RolloutState>& before, const std::vector<Object>& instances);
  void look_at(const std::vector<Object>& instances);
  void decide();
  RolloutDecision out;

 private:
  struct Seen {
    const Object* object;
    std::int64_t revision;  // that it is made of
    bool ready = false;     // at that revision
    bool broken = false;
  };
  void unmove(const std::vector<Object>& instances);
  bool is_late(const Object& instance);
  void stop();
  void move_next();
  void move(const Object& instance);
  void finish();
  bool is_canary(const Seen& seen) const { return spec_.canaries.matches(seen.object->metadata()["labels"]); }
  void tell(std::string reason, std::string message, bool warning = false) {
    out.events.push_back({std::move(reason), std::move(message), warning});
  }
  std::string target() const { return "revision " + std::to_string(out.state.target); }

  const RolloutSpec& spec_;
  const std::int64_t latest_, now_ns_;
  std::vector<Seen> seen_;
  std::size_t suspended_ = 0;
  RolloutPhase phase_before_ = RolloutPhase::kComplete;
};

// Which revisions it is about.
void Decider::take_up(const std::optional<RolloutState>& before, const std::vector<Object>& instances) {
  RolloutState& state = out.state;
  if (before) state = *before;
  phase_before_ = state.phase;
  state.message.clear();
  state.unhealthy.clear();
  if (spec_.strategy == RolloutStrategy::kPinned) {
    state.stable = state.target = spec_.pinned_revision;
    state.failed = 0;
    state.phase = RolloutPhase::kProgressing;
  } else if (!before || latest_ < state.target) {
    // Nothing was rolled out yet, or the definition was made anew.
    state.stable = state.target = latest_;
    state.failed = 0;
    state.phase = RolloutPhase::kComplete;
  }
  state.strategy = spec_.strategy;
  if (state.failed > 0) unmove(instances);
  // Who was moved to a revision that failed would be moved back to it by a higher target.
  if (spec_.is_gradual() && latest_ > state.target && latest_ != state.failed && out.moves.empty()) {
    state.target = latest_;
    state.failed = 0;
    state.moved_ns = 0;
    state.phase = RolloutPhase::kProgressing;
    tell("RolloutStarted", target() + " is rolled out " + std::string(strategy_text(spec_.strategy)) + " over revision " +
                               std::to_string(state.stable));
  }
}

// What a rollout that failed left on instances.
void Decider::unmove(const std::vector<Object>& instances) {
  for (const Object& instance : instances) {
    if (!instance.deleting() && moved_to(instance) > out.state.stable && out.moves.size() < kMovesMax)
      out.moves.push_back(&instance);
  }
}

void Decider::look_at(const std::vector<Object>& instances) {
  RolloutState& state = out.state;
  for (const Object& instance : instances) {
    if (instance.deleting()) continue;
    if (is_suspended(instance)) {
      ++suspended_;
      continue;
    }
    const std::int64_t moved = moved_to(instance);
    Seen seen{&instance, moved > state.stable && moved <= state.target ? moved : state.stable};
    const Value status = instance["status"];
    const bool told = status[kRevisionField].as_int() == seen.revision;
    seen.ready = told && status["state"].as_string() == state_text(InstanceState::kActive);
    seen.broken = told && status["state"].as_string() == state_text(InstanceState::kError);
    ++state.instances;
    if (seen.revision == state.target) {
      ++state.updated;
      if (seen.ready) ++state.ready;
    }
    seen_.push_back(seen);
  }
  std::sort(seen_.begin(), seen_.end(), [](const Seen& a, const Seen& b) {
    return std::tie(a.object->name_space, a.object->name) < std::tie(b.object->name_space, b.object->name);
  });
}

// Time counts from the move, or from when it was last ready.
bool Decider::is_late(const Object& instance) {
  std::int64_t since = out.state.moved_ns;
  for (const Condition& c : read_conditions(instance["status"]["conditions"])) {
    if (c.type != "ResourcesReady" || c.status == ConditionStatus::kTrue) continue;
    if (const auto time = parse_rfc3339(c.since)) since = std::max(since, time->wall_ns());
  }
  const std::int64_t left = since + spec_.deadline_ns - now_ns_;
  if (left <= 0) return true;
  out.revisit_ns = std::min(out.revisit_ns.value_or(left), left);
  return false;
}

void Decider::decide() {
  RolloutState& state = out.state;
  if (state.target == state.stable) return finish();
  bool waiting = false;
  std::size_t unhealthy = 0;
  for (const Seen& seen : seen_) {
    if (seen.revision != state.target || seen.ready) continue;
    waiting = true;
    if (!seen.broken && !is_late(*seen.object)) continue;
    if (++unhealthy <= RolloutState::kUnhealthyShown) state.unhealthy.push_back(name_of(*seen.object));
  }
  if (unhealthy > 0) return stop();
  state.phase = RolloutPhase::kProgressing;
  if (phase_before_ == RolloutPhase::kStopped) tell("RolloutResumed", "all moved instances are ready again");
  if (waiting)
    state.message = "waiting for instances of " + target() + " to be ready";
  else
    move_next();
}

void Decider::stop() {
  RolloutState& state = out.state;
  std::string names;
  for (const std::string& name : state.unhealthy) names += (names.empty() ? "" : ", ") + name;
  const std::string why = "not healthy at " + target() + ": " + names;
  if (!spec_.roll_back) {
    state.phase = RolloutPhase::kStopped;
    state.message = why;
    if (phase_before_ != RolloutPhase::kStopped) tell("RolloutStopped", why, true);
    return;
  }
  tell("RollingBack", why + "; instances go back to revision " + std::to_string(state.stable), true);
  state.failed = state.target;
  state.target = state.stable;
  state.phase = RolloutPhase::kRollingBack;
  state.message = "revision " + std::to_string(state.failed) + " is rolled back: " + why;
}

void Decider::move(const Object& instance) {
  if (out.moves.size() >= kMovesMax) return;
  out.moves.push_back(&instance);
  out.state.moved_ns = now_ns_;
  ++out.state.updated;
}

void Decider::move_next() {
  RolloutState& state = out.state;
  const bool canary = spec_.strategy == RolloutStrategy::kCanary;
  std::size_t canaries = 0, left = 0;
  for (const Seen& seen : seen_) {
    const bool chosen = canary && is_canary(seen);
    canaries += chosen ? 1 : 0;
    if (seen.revision == state.target) continue;
    ++left;
    if (chosen || (!canary && out.moves.empty())) move(*seen.object);
  }
  if (left == 0) {
    tell("RolloutComplete", target() + " reached all instances");
    state.stable = state.target;
    return finish();
  }
  if (out.moves.empty()) {
    const bool promoted = spec_.promoted_revision >= state.target;
    if (!promoted && (spec_.manual_promotion || canaries == 0)) {
      state.phase = RolloutPhase::kAwaitingPromotion;
      state.message = canaries == 0 ? "no instance matches spec.rollout.canary.selector" : "the canaries are ready";
      state.message += "; spec.rollout.canary.promotedRevision: " + std::to_string(state.target) + " lets the others follow";
      if (phase_before_ != RolloutPhase::kAwaitingPromotion) tell("RolloutAwaitsPromotion", state.message);
      return;
    }
    for (const Seen& seen : seen_) {
      if (seen.revision != state.target) move(*seen.object);
    }
  }
  state.message = "waiting for instances of " + target() + " to be ready";
}

// Everything is at one revision, or on its way there.
void Decider::finish() {
  RolloutState& state = out.state;
  const bool all_ready =
      std::all_of(seen_.begin(), seen_.end(), [&](const Seen& s) { return s.ready && s.revision == state.target; });
  if (state.failed > 0) {
    state.phase = all_ready ? RolloutPhase::kRolledBack : RolloutPhase::kRollingBack;
    state.message = "revision " + std::to_string(state.failed) + " was rolled back; a new revision is rolled out again";
    if (all_ready && phase_before_ == RolloutPhase::kRollingBack)
      tell("RolledBack", "all instances are back at revision " + std::to_string(state.stable));
    return;
  }
  const bool pinning = spec_.strategy == RolloutStrategy::kPinned && !all_ready;
  state.phase = pinning ? RolloutPhase::kProgressing : RolloutPhase::kComplete;
  if (suspended_ > 0) state.message = std::to_string(suspended_) + " suspended instances follow when they are resumed";
}

}  // namespace

RolloutDecision decide_rollout(const RolloutSpec& spec, const std::optional<RolloutState>& before, std::int64_t latest,
                               const std::vector<Object>& instances, std::int64_t now_ns) {
  Decider decider(spec, latest, now_ns);
  decider.take_up(before, instances);
  decider.look_at(instances);
  decider.decide();
  return std::move(decider.out);
}

}  // namespace plinth::compose
