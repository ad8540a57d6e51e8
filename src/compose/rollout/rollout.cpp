#include "compose/rollout/rollout.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "base/time_text.h"
#include "compose/marks.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kStrategies[] = {"AllAtOnce", "Pinned", "OneByOne", "Canary"};
constexpr std::string_view kPhases[] = {"Progressing", "AwaitingPromotion", "Stopped", "RollingBack", "RolledBack", "Complete"};
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDeadlineSeconds = 600;

template <typename Enum, std::size_t kSize>
std::optional<Enum> enum_of(std::string_view text, const std::string_view (&names)[kSize]) {
  const auto found = std::find(std::begin(names), std::end(names), text);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}

std::int64_t time_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? time->wall_ns() : 0;
}

}  // namespace

std::string_view strategy_text(RolloutStrategy strategy) { return kStrategies[static_cast<std::size_t>(strategy)]; }
std::string_view phase_text(RolloutPhase phase) { return kPhases[static_cast<std::size_t>(phase)]; }

Result<RolloutSpec> read_rollout_spec(const client::Object& settings) {
  const Value rollout = settings["spec"]["rollout"];
  RolloutSpec out;
  if (const std::string_view name = rollout["strategy"].as_string(); !name.empty()) {
    const auto strategy = enum_of<RolloutStrategy>(name, kStrategies);
    if (!strategy) return bad_request("spec.rollout.strategy: " + std::string(name) + " is not known");
    out.strategy = *strategy;
  }
  out.pinned_revision = rollout["pinnedRevision"].as_int();
  if (out.strategy == RolloutStrategy::kPinned && out.pinned_revision <= 0)
    return bad_request("spec.rollout.pinnedRevision: Required value with the strategy Pinned");
  const Value canary = rollout["canary"];
  if (out.strategy == RolloutStrategy::kCanary) {
    if (!canary["selector"].is_object())
      return bad_request("spec.rollout.canary.selector: Required value with the strategy Canary");
    auto selector = api::LabelSelector::from_object(canary["selector"]);
    if (!selector.ok()) return bad_request("spec.rollout.canary.selector: " + selector.error().message());
    out.canaries = std::move(*selector);
  }
  out.manual_promotion = canary["promotion"].as_string() == "Manual";
  out.promoted_revision = canary["promotedRevision"].as_int();
  out.roll_back = rollout["onUnhealthy"].as_string() == "RollBack";
  const std::int64_t deadline = rollout["progressDeadlineSeconds"].as_int();
  out.deadline_ns = (deadline > 0 ? deadline : kDeadlineSeconds) * kSecondNs;
  return out;
}

std::optional<RolloutState> read_rollout_state(const client::Object& settings) {
  const Value rollout = settings["status"]["rollout"];
  const auto strategy = enum_of<RolloutStrategy>(rollout["strategy"].as_string(), kStrategies);
  const auto phase = enum_of<RolloutPhase>(rollout["phase"].as_string(), kPhases);
  if (!strategy || !phase) return std::nullopt;
  RolloutState out;
  out.strategy = *strategy;
  out.phase = *phase;
  out.stable = rollout["stableRevision"].as_int();
  out.target = rollout["targetRevision"].as_int();
  out.failed = rollout["failedRevision"].as_int();
  out.moved_ns = time_of(rollout["movedAt"].as_string());
  return out;
}

Value rollout_state_value(Draft& draft, const RolloutState& state) {
  Value out = draft.object(12);
  draft.set(out, "strategy", strategy_text(state.strategy));
  draft.set(out, "phase", phase_text(state.phase));
  draft.set(out, "stableRevision", Value::of(state.stable));
  draft.set(out, "targetRevision", Value::of(state.target));
  if (state.failed > 0) draft.set(out, "failedRevision", Value::of(state.failed));
  draft.set(out, "instances", Value::of(state.instances));
  draft.set(out, "updated", Value::of(state.updated));
  draft.set(out, "ready", Value::of(state.ready));
  for (const std::string& name : state.unhealthy) draft.push(draft.member(out, "unhealthy"), draft.text(name));
  if (!state.message.empty()) draft.set(out, "message", state.message);
  if (state.moved_ns > 0) draft.set(out, "movedAt", format_rfc3339(state.moved_ns));
  return out;
}

std::int64_t moved_to(const client::Object& instance) {
  return parse_integer<std::int64_t>(instance.metadata()["annotations"][kGraphRevisionAnnotation].as_string()).value_or(0);
}

AssignedRevision assigned_revision(const client::Object& instance, const client::Object* settings, std::int64_t latest) {
  if (settings == nullptr) return {latest, false};
  const auto spec = read_rollout_spec(*settings);
  // Settings that make no sense say so themselves, and change nothing.
  if (!spec.ok() || spec->strategy == RolloutStrategy::kAllAtOnce) return {latest, false};
  if (spec->strategy == RolloutStrategy::kPinned) return {spec->pinned_revision, true};
  const auto state = read_rollout_state(*settings);
  if (!state) return {latest, true};
  const std::int64_t moved = moved_to(instance);
  return {moved > state->stable && moved <= state->target ? moved : state->stable, true};
}

bool is_suspended(const client::Object& instance) {
  const std::string_view value = instance.metadata()["annotations"][kReconcileAnnotation].as_string();
  return equal_ignore_case(value, "suspended") || equal_ignore_case(value, "disabled");
}

}  // namespace plinth::compose
