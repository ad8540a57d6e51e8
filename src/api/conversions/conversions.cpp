#include "api/conversions/conversions.h"

#include "api/conversions/autoscaler_conversion.h"
#include "api/conversions/event_conversion.h"

namespace plinth::api {
namespace {

constexpr Conversion kConversions[] = {
    {"event", event_to_core, event_from_core},
    {"horizontalPodAutoscalerV1", autoscaler_to_v2, autoscaler_to_v1},
};

}  // namespace

const Conversion* find_conversion(std::string_view name) {
  for (const Conversion& conversion : kConversions) {
    if (conversion.name == name) return &conversion;
  }
  return nullptr;
}

}  // namespace plinth::api
