// Which size an autoscaler's target is to have now, and what is said about it.
#pragma once

#include "workloads/autoscaling/autoscaler_step.h"
#include "workloads/autoscaling/scale_target.h"

namespace plinth::workloads {

// Remembers the recommendation in `history`.
AutoscalerDecision decide_size(const client::View& view, const client::Object& autoscaler, const ScaleTarget& target,
                               const api::UsageTablePtr& usage, ScaleHistory& history, std::int64_t now_ns);

}  // namespace plinth::workloads
