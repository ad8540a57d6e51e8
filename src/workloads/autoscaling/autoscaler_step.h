// One look at a HorizontalPodAutoscaler.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/resource_usage.h"
#include "client/controller.h"
#include "workloads/autoscaling/scaling_rules.h"

namespace plinth::workloads {

// As upstream's horizontal-pod-autoscaler-sync-period: metrics are looked at once in it, whatever else changes.
inline constexpr std::int64_t kAutoscalerPeriodNs = 15'000'000'000;

struct SetCondition {
  std::string type;
  bool status = false;
  std::string reason, message;
};

// What an evaluation came to. It holds for a period; looks in between carry it out again and find it done.
struct AutoscalerDecision {
  std::int64_t at_ns = 0, generation = 0;
  std::int64_t current = 0, desired = 0;  // replicas
  bool rescales = false;
  bool done = false,
       overtaken = false;  // the size was seen to be `desired`; another than that and `current`: no more is asked for
  bool gave_up = false;    // no size could be computed: the last one stays in the status
  std::string reason;      // of a rescale
  std::vector<SetCondition> conditions;
  std::vector<std::pair<std::string, std::string>> warnings;  // reason and message of Events
  Document metrics;                                           // {"currentMetrics": [...]}
};

// What the controller remembers of one autoscaler, in memory as upstream does: its stabilization begins anew after a restart.
struct AutoscalerMemory {
  ScaleHistory history;
  std::optional<AutoscalerDecision> decision;
  // A change of size that was asked for and has not been seen yet.
  struct Pending {
    std::int64_t from = 0, to = 0, at_ns = 0;
  };
  std::optional<Pending> pending;
};

// `usage` null: nothing is measured here.
void step_autoscaler(const client::View& view, const client::Object& autoscaler, const client::StepContext& context,
                     const api::UsageTablePtr& usage, AutoscalerMemory& memory, client::Plan& plan);

}  // namespace plinth::workloads
