// Lists of resources ("cpu": "500m") as exact numbers, and what the containers of a pod need together.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/quantity.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

using ResourceAmounts = std::map<std::string, Quantity, std::less<>>;

// Errors are BadRequest; stored objects were validated and have none.
Result<ResourceAmounts> read_amounts(const Value& list);
void add_to(ResourceAmounts& sum, const ResourceAmounts& more);
void raise_to(ResourceAmounts& most, const ResourceAmounts& other);

// What all containers of a pod need together, as its spec says: a plain init container runs before the others, a restartable
// one beside them; what the pod itself says about cpu and memory wins. `which` is "requests" or "limits". Without overhead.
Result<ResourceAmounts> pod_amounts(const Value& pod_spec, std::string_view which);

// What a pod takes from its node at the most, now or after a resize that is under way: spec, allocated and actual resources;
// with overhead.
struct PodNeeds {
  ResourceAmounts requests, limits;
};
Result<PodNeeds> pod_needs(const Value& pod);

}  // namespace plinth::api
