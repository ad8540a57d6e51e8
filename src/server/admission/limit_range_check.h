// What a LimitRange demands of the requests and limits of a container, a pod or a claim.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/quantity.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::server {

using ResourceAmounts = std::map<std::string, api::Quantity, std::less<>>;

// Errors are BadRequest; stored objects were validated and have none.
Result<ResourceAmounts> read_amounts(const Value& list);

// Upstream's sentences about what is wrong, in the order of containers and resource names. `limit_range` is the whole object.
Result<std::vector<std::string>> pod_violations(const Value& limit_range, const Value& pod_spec);
Result<std::vector<std::string>> claim_violations(const Value& limit_range, const Value& claim_spec);

// What all containers of a pod need together: a plain init container runs before the others, a restartable one beside them; what the
// pod itself says about cpu and memory wins. `which` is "requests" or "limits".
Result<ResourceAmounts> pod_amounts(const Value& pod_spec, std::string_view which);

}  // namespace plinth::server
