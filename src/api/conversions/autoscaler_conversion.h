// autoscaling/v1 HorizontalPodAutoscaler, which is stored as autoscaling/v2. The v1 form knows one metric (cpu, in percent);
// other metrics, conditions and behaviour travel in annotations that the stored form never has.
#pragma once

#include "base/value.h"

namespace plinth::api {

void autoscaler_to_v2(Draft& draft);
void autoscaler_to_v1(Draft& draft);

}  // namespace plinth::api
