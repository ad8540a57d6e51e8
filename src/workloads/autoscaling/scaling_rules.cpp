#include "workloads/autoscaling/scaling_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plinth::workloads {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kReplicasMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kReplicasMin = std::numeric_limits<std::int32_t>::min();

ScalingRules read_rules(const Value& rules, ScalingRules out) {
  if (!rules.is_object()) return out;
  if (rules["stabilizationWindowSeconds"].is_int()) out.stabilization_s = rules["stabilizationWindowSeconds"].as_int();
  const std::string_view choice = rules["selectPolicy"].as_string();
  if (!choice.empty()) {
    out.choice = choice == "Disabled" ? PolicyChoice::kDisabled : choice == "Min" ? PolicyChoice::kMin : PolicyChoice::kMax;
  }
  if (rules["policies"].size() == 0) return out;
  out.policies.clear();
  for (const Value& policy : rules["policies"].items())
    out.policies.push_back(
        {policy["type"].as_string() == "Percent", policy["value"].as_int(), policy["periodSeconds"].as_int()});
  return out;
}

std::int64_t change_within(std::int64_t period_s, const std::vector<ScaleEvent>& events, std::int64_t now_ns) {
  std::int64_t sum = 0;
  for (const ScaleEvent& event : events) {
    if (event.at_ns > now_ns - period_s * kSecondNs) sum += event.change;
  }
  return sum;
}

std::int64_t size_at_start(std::int64_t current, const ScaleHistory& history, const ScalingPolicy& policy,
                           std::int64_t now_ns) {
  return current - change_within(policy.period_s, history.ups, now_ns) + change_within(policy.period_s, history.downs, now_ns);
}

void remember(ScaleHistory& history, bool found_old, std::size_t old, Recommendation made) {
  if (found_old)
    history.recommendations[old] = made;
  else
    history.recommendations.push_back(made);
}

std::int64_t stabilize_down(const Sizes& sizes, ScaleHistory& history, std::int64_t now_ns) {
  std::int64_t most = sizes.wanted;
  bool found_old = false;
  std::size_t old = 0;
  for (std::size_t i = 0; i < history.recommendations.size(); ++i) {
    const Recommendation& recommendation = history.recommendations[i];
    if (recommendation.at_ns < now_ns - kDownscaleStabilizationNs) {
      found_old = true;
      old = i;
    } else {
      most = std::max(most, recommendation.replicas);
    }
  }
  remember(history, found_old, old, {sizes.wanted, now_ns});
  return most;
}

std::int64_t stabilize_both(const Sizes& sizes, const ScalingBehavior& behavior, ScaleHistory& history, std::int64_t now_ns) {
  const std::int64_t up_cutoff = now_ns - behavior.up.stabilization_s * kSecondNs;
  const std::int64_t down_cutoff = now_ns - behavior.down.stabilization_s * kSecondNs;
  std::int64_t up = sizes.wanted, down = sizes.wanted;
  bool found_old = false;
  std::size_t old = 0;
  for (std::size_t i = 0; i < history.recommendations.size(); ++i) {
    const Recommendation& recommendation = history.recommendations[i];
    if (recommendation.at_ns > up_cutoff) up = std::min(up, recommendation.replicas);
    if (recommendation.at_ns > down_cutoff) down = std::max(down, recommendation.replicas);
    if (recommendation.at_ns < up_cutoff && recommendation.at_ns < down_cutoff) {
      found_old = true;
      old = i;
    }
  }
  remember(history, found_old, old, {sizes.wanted, now_ns});
  return std::min(std::max(sizes.current, up), down);
}

struct Limited {
  std::int64_t replicas = 0;
  std::string_view reason = "DesiredWithinRange", message = "the desired count is within the acceptable range";
};

Limited limit_up(std::int64_t wanted, std::int64_t most, std::int64_t rate_limit) {
  const bool by_rate = most > rate_limit;
  if (wanted <= std::min(most, rate_limit)) return {wanted};
  return {std::min(most, rate_limit), by_rate ? "ScaleUpLimit" : "TooManyReplicas",
          by_rate ? "the desired replica count is increasing faster than the maximum scale rate"
                  : "the desired replica count is more than the maximum replica count"};
}

constexpr std::string_view kTooFew = "the desired replica count is less than the minimum replica count";

Limited limit_by_defaults(const Sizes& sizes, std::int64_t wanted) {
  if (wanted < sizes.least) return {sizes.least, "TooFewReplicas", kTooFew};
  return limit_up(wanted, sizes.most, std::max<std::int64_t>(2 * sizes.current, 4));
}

Limited limit_by_behavior(const Sizes& sizes, std::int64_t wanted, const ScalingBehavior& behavior, const ScaleHistory& history,
                          std::int64_t now_ns) {
  if (wanted > sizes.current)
    return limit_up(wanted, sizes.most, std::max(sizes.current, scale_up_limit(sizes.current, history, behavior.up, now_ns)));
  if (wanted == sizes.current) return {wanted};
  const std::int64_t rate_limit = std::min(sizes.current, scale_down_limit(sizes.current, history, behavior.down, now_ns));
  if (wanted >= std::max(sizes.least, rate_limit)) return {wanted};
  if (sizes.least < rate_limit)
    return {rate_limit, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"};
  return {sizes.least, "TooFewReplicas", kTooFew};
}

}  // namespace

std::optional<ScalingBehavior> read_behavior(const Value& behavior) {
  if (!behavior.is_object()) return std::nullopt;
  constexpr std::int64_t kPeriod = 15;
  ScalingBehavior out;
  out.up = read_rules(behavior["scaleUp"], {PolicyChoice::kMax, {{false, 4, kPeriod}, {true, 100, kPeriod}}, 0});
  out.down =
      read_rules(behavior["scaleDown"], {PolicyChoice::kMax, {{true, 100, kPeriod}}, kDownscaleStabilizationNs / kSecondNs});
  return out;
}

std::int64_t scale_up_limit(std::int64_t current, const ScaleHistory& history, const ScalingRules& rules, std::int64_t now_ns) {
  if (rules.choice == PolicyChoice::kDisabled) return current;
  const bool least = rules.choice == PolicyChoice::kMin;
  std::int64_t result = least ? kReplicasMax : kReplicasMin;
  for (const ScalingPolicy& policy : rules.policies) {
    const std::int64_t start = size_at_start(current, history, policy, now_ns);
    // Rounded up, so that a small one grows at all.
    const std::int64_t proposed =
        policy.percent
            ? static_cast<std::int64_t>(std::ceil(static_cast<double>(start) * (1 + static_cast<double>(policy.value) / 100)))
            : start + policy.value;
    result = least ? std::min(result, proposed) : std::max(result, proposed);
  }
  return result;
}

std::int64_t scale_down_limit(std::int64_t current, const ScaleHistory& history, const ScalingRules& rules,
                              std::int64_t now_ns) {
  if (rules.choice == PolicyChoice::kDisabled) return current;
  const bool least = rules.choice == PolicyChoice::kMin;
  std::int64_t result = least ? kReplicasMin : kReplicasMax;
  for (const ScalingPolicy& policy : rules.policies) {
    const std::int64_t start = size_at_start(current, history, policy, now_ns);
    const std::int64_t proposed =
        policy.percent ? static_cast<std::int64_t>(static_cast<double>(start) * (1 - static_cast<double>(policy.value) / 100))
                       : start - policy.value;
    result = least ? std::max(result, proposed) : std::min(result, proposed);
  }
  return result;
}

Normalized normalize(const Sizes& sizes, const std::optional<ScalingBehavior>& behavior, ScaleHistory& history,
                     std::int64_t now_ns) {
  const std::int64_t stable =
      behavior ? stabilize_both(sizes, *behavior, history, now_ns) : stabilize_down(sizes, history, now_ns);
  Normalized out;
  out.able_reason = "ReadyForNewScale";
  out.able_message = "recommended size matches current size";
  if (stable != sizes.wanted) {
    const bool up = behavior && sizes.wanted >= sizes.current;
    out.able_reason = up ? "ScaleUpStabilized" : "ScaleDownStabilized";
    out.able_message = up ? "recent recommendations were lower than current one, applying the lowest recent recommendation"
                          : "recent recommendations were higher than current one, applying the highest recent recommendation";
  }
  const Limited limited =
      behavior ? limit_by_behavior(sizes, stable, *behavior, history, now_ns) : limit_by_defaults(sizes, stable);
  out.replicas = limited.replicas;
  out.limited = limited.replicas != stable;
  out.limited_reason = limited.reason;
  out.limited_message = limited.message;
  return out;
}

void remember_scaling(const std::optional<ScalingBehavior>& behavior, ScaleHistory& history, std::int64_t from, std::int64_t to,
                      std::int64_t now_ns) {
  if (!behavior || from == to) return;
  const bool up = to > from;
  std::int64_t longest_s = 0;
  for (const ScalingPolicy& policy : (up ? behavior->up : behavior->down).policies)
    longest_s = std::max(longest_s, policy.period_s);
  std::vector<ScaleEvent>& events = up ? history.ups : history.downs;
  ScaleEvent* place = nullptr;
  for (ScaleEvent& event : events) {
    if (event.at_ns < now_ns - longest_s * kSecondNs) event.outdated = true;
    if (event.outdated) place = &event;
  }
  const ScaleEvent made{up ? to - from : from - to, now_ns, false};
  if (place != nullptr)
    *place = made;
  else
    events.push_back(made);
}

}  // namespace plinth::workloads
