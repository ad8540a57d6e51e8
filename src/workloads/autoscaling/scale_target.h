// What a HorizontalPodAutoscaler scales: its size, and which pods it has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

struct ScaleTarget {
  client::Object object;
  std::int64_t replicas = 0, status_replicas = 0;  // wanted, there
  std::string selector;                            // of its pods, as text; "": it tells none
};

// As the scale subresource shows it. The error is upstream's text.
Result<ScaleTarget> find_scale_target(const client::View& view, const client::Object& autoscaler);

}  // namespace plinth::workloads
