#include "api/strategies/qos_class.h"

#include "api/strategies/resource_rules.h"

namespace plinth::api {
namespace {

constexpr std::string_view kCompute[] = {"cpu", "memory"};

struct Totals {
  bool any = false;        // some request or limit is set
  bool guaranteed = true;  // every container has limits, and requests equal to them
};

void look(const Value& container, Totals& totals) {
  const Value limits = container["resources"]["limits"];
  const Value requests = container["resources"]["requests"];
  for (const std::string_view resource : kCompute) {
    const Value limit = limits[resource];
    const Value request = requests[resource];
    const bool limited = quantity_sign(limit) > 0;
    totals.any = totals.any || limited || quantity_sign(request) > 0;
    if (!limited || (!request.is_null() && compare_quantities(limit, request) != 0)) totals.guaranteed = false;
  }
}

}  // namespace

std::string_view qos_class(const Value& pod_spec) {
  Totals totals;
  for (const std::string_view list : {"containers", "initContainers"}) {
    const Value containers = pod_spec[list];
    for (const Value& container : containers.items()) look(container, totals);
  }
  if (!totals.any) return "BestEffort";
  return totals.guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace plinth::api
