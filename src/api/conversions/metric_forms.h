// One entry of an autoscaler's metrics or current metrics in the flat form that autoscaling/v1 annotations have
// (metricName, targetAverageValue, ...) and in the nested form of autoscaling/v2 (metric.name, target.averageValue, ...).
#pragma once

#include "base/value.h"

namespace plinth::api {

Value metric_to_v2(Draft& draft, const Value& metric);
Value metric_to_v1(Draft& draft, const Value& metric);

// The metric of autoscaling/v2 that autoscaling/v1 knows: cpu in percent of what is requested.
Value cpu_percent_metric(Draft& draft, const Value& percent);

}  // namespace plinth::api
