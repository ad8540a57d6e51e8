// HorizontalPodAutoscalers: the size of a target follows the processor time and memory that its pods use, within minReplicas
// and maxReplicas. Without a source of metrics sizes are only kept between the limits, and the condition ScalingActive says
// why.
#pragma once

#include <memory>

#include "api/resource_usage.h"
#include "client/controller.h"

namespace plinth::workloads {

// `usage` (outlives it) is what nodes measure; null, or nothing on it: there are no metrics.
std::unique_ptr<client::Controller> make_autoscaler_controller(const api::UsageBoard* usage);

}  // namespace plinth::workloads
