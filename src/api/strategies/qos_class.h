// The quality of service that a pod gets from its requests and limits.
#pragma once

#include <string_view>

#include "base/value.h"

namespace plinth::api {

// "Guaranteed", "Burstable" or "BestEffort".
std::string_view qos_class(const Value& pod_spec);

}  // namespace plinth::api
