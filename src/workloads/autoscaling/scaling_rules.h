// From the size that metrics ask for to the size that is set: limits, rates and stabilization (spec.behavior), as upstream's
// horizontal pod autoscaler has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace plinth::workloads {

inline constexpr std::int64_t kDownscaleStabilizationNs = 300'000'000'000;

struct ScalingPolicy {
  bool percent = false;  // else a number of pods
  std::int64_t value = 0, period_s = 0;
};

enum class PolicyChoice : std::uint8_t { kMax, kMin, kDisabled };

struct ScalingRules {
  PolicyChoice choice = PolicyChoice::kMax;
  std::vector<ScalingPolicy> policies;
  std::int64_t stabilization_s = 0;
};

// spec.behavior with its defaults, which validation has let pass.
struct ScalingBehavior {
  ScalingRules up, down;
};
std::optional<ScalingBehavior> read_behavior(const Value& behavior);  // nothing when it is absent

// What an autoscaler remembers between two looks; lost with the process, as upstream's.
struct Recommendation {
  std::int64_t replicas = 0, at_ns = 0;
};
struct ScaleEvent {
  std::int64_t change = 0, at_ns = 0;
  bool outdated = false;  // its place may be taken
};
struct ScaleHistory {
  std::vector<Recommendation> recommendations;
  std::vector<ScaleEvent> ups, downs;
};

struct Sizes {
  std::int64_t least = 1, most = 1, current = 0, wanted = 0;
};

// What is set, and what the conditions AbleToScale and ScalingLimited say of it.
struct Normalized {
  std::int64_t replicas = 0;
  std::string_view able_reason, able_message;
  bool limited = false;
  std::string_view limited_reason, limited_message;
};

// Remembers the recommendation.
Normalized normalize(const Sizes& sizes, const std::optional<ScalingBehavior>& behavior, ScaleHistory& history,
                     std::int64_t now_ns);
// After a change of size that was carried out.
void remember_scaling(const std::optional<ScalingBehavior>& behavior, ScaleHistory& history, std::int64_t from, std::int64_t to,
                      std::int64_t now_ns);

// For tests.
std::int64_t scale_up_limit(std::int64_t current, const ScaleHistory& history, const ScalingRules& rules, std::int64_t now_ns);
std::int64_t scale_down_limit(std::int64_t current, const ScaleHistory& history, const ScalingRules& rules,
                              std::int64_t now_ns);

}  // namespace plinth::workloads
