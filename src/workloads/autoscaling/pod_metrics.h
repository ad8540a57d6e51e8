// The value of an autoscaler's metric, from the pods of its target and what was measured of them.
#pragma once

#include <string>
#include <vector>

#include "api/label_selector.h"
#include "api/resource_usage.h"
#include "client/controller.h"
#include "workloads/autoscaling/replica_calculator.h"

namespace plinth::workloads {

// What an evaluation works with.
struct MetricInputs {
  std::string name_space;
  api::LabelSelector selector;       // of the target's pods
  std::vector<client::Object> pods;  // that it selects
  api::UsageTablePtr usage;          // null: nothing is measured here
  std::int64_t current = 0;          // replicas
  Tolerances tolerances;
  std::int64_t now_ns = 0;
};

// Of one metric of the spec. Errors and texts are upstream's.
struct MetricOutcome {
  bool ok = false;
  std::int64_t replicas = 0;
  std::string name;             // "cpu resource utilization (percentage of request)"
  Value status;                 // an entry of status.currentMetrics, in the draft that was given
  std::string reason, message;  // of the condition and the Event, when it is not ok: FailedGetResourceMetric, ...
  std::string error;            // the same within the error of the whole
};
MetricOutcome evaluate_metric(const Value& spec, const MetricInputs& inputs, Draft& draft);

}  // namespace plinth::workloads
