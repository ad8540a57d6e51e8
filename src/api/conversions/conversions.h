// The conversions that rows name: how a served version becomes the stored one and back. Nothing is lost on the way: what the
// other form cannot say travels in annotations, as upstream does it.
#pragma once

#include <string_view>

#include "api/kind.h"

namespace plinth::api {

// "event" or "horizontalPodAutoscalerV1"; nullptr when there is no such conversion.
const Conversion* find_conversion(std::string_view name);

}  // namespace plinth::api
