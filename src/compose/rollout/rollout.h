// Rollouts of a definition's revisions over its instances: what the settings ask for, where a rollout stands, and what comes
// next. All of it is in the DefinitionSettings and in an annotation of each instance that was moved, so that it survives
// everything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/label_selector.h"
#include "base/result.h"
#include "client/object.h"

namespace plinth::compose {

enum class RolloutStrategy : std::uint8_t { kAllAtOnce, kPinned, kOneByOne, kCanary };
std::string_view strategy_text(RolloutStrategy strategy);

// spec.rollout of a DefinitionSettings.
struct RolloutSpec {
  RolloutStrategy strategy = RolloutStrategy::kAllAtOnce;
  std::int64_t pinned_revision = 0;
  api::LabelSelector canaries;
  bool manual_promotion = false;
  std::int64_t promoted_revision = 0;
  bool roll_back = false;
  std::int64_t deadline_ns = 0;
  bool is_gradual() const { return strategy == RolloutStrategy::kOneByOne || strategy == RolloutStrategy::kCanary; }
};
// Errors name the field.
Result<RolloutSpec> read_rollout_spec(const client::Object& settings);

enum class RolloutPhase : std::uint8_t { kProgressing, kAwaitingPromotion, kStopped, kRollingBack, kRolledBack, kComplete };
std::string_view phase_text(RolloutPhase phase);

// status.rollout of a DefinitionSettings.
struct RolloutState {
  RolloutStrategy strategy = RolloutStrategy::kAllAtOnce;
  RolloutPhase phase = RolloutPhase::kComplete;
  std::int64_t stable = 0, target = 0, failed = 0;  // revisions; failed 0: none
  std::int64_t instances = 0, updated = 0, ready = 0;
  std::vector<std::string> unhealthy;  // at most kUnhealthyShown
  std::string message;
  std::int64_t moved_ns = 0;  // wall time, 0: never

  static constexpr std::size_t kUnhealthyShown = 10;
};
std::optional<RolloutState> read_rollout_state(const client::Object& settings);
Value rollout_state_value(Draft& draft, const RolloutState& state);

// The revision that a rollout moved the instance to; 0: none.
std::int64_t moved_to(const client::Object& instance);

// The revision that an instance is made of. `settings` may be null.
struct AssignedRevision {
  std::int64_t revision = 0;
  bool tell = false;  // the instance tells its revision: somebody waits for it
};
AssignedRevision assigned_revision(const client::Object& instance, const client::Object* settings, std::int64_t latest);

struct RolloutEvent {
  std::string reason, message;
  bool warning = false;
};

struct RolloutDecision {
  RolloutState state;
  std::vector<const client::Object*> moves;  // instances that get state.target as their revision
  std::vector<RolloutEvent> events;
  std::optional<std::int64_t> revisit_ns;
};
// Instances that are moved in one step at most.
inline constexpr std::size_t kMovesMax = 100;

// `before` is where it stood; `latest` the newest revision; `instances` all instances of the definition.
RolloutDecision decide_rollout(const RolloutSpec& spec, const std::optional<RolloutState>& before, std::int64_t latest,
                               const std::vector<client::Object>& instances, std::int64_t now_ns);

// Instances that are left alone: by their annotation, as kro has it.
bool is_suspended(const client::Object& instance);

}  // namespace plinth::compose
