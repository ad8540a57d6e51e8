// What a LimitRange demands of the requests and limits of a container, a pod or a claim.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/resource_amounts.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::server {

// Upstream's sentences about what is wrong, in the order of containers and resource names. `limit_range` is the whole object.
Result<std::vector<std::string>> pod_violations(const Value& limit_range, const Value& pod_spec);
Result<std::vector<std::string>> claim_violations(const Value& limit_range, const Value& claim_spec);

}  // namespace plinth::server
