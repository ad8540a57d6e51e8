// What may change through the subresources of a pod.
#pragma once

#include <string_view>

#include "api/field_error.h"
#include "base/value.h"

namespace plinth::api {

// "ephemeralcontainers": only additions; "resize": only cpu and memory of containers.
void validate_pod_subresource(std::string_view subresource, const Value& pod, const Value& old, FieldErrors& errors);

}  // namespace plinth::api
