// HorizontalPodAutoscalers. There is no source of metrics yet: sizes are kept between minReplicas and maxReplicas, and the
// condition ScalingActive says why nothing more is done.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

std::unique_ptr<client::Controller> make_autoscaler_controller();

}  // namespace plinth::workloads
