// ClusterRoles whose rules are those of other ClusterRoles (aggregationRule).
#pragma once

#include <span>

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// The array of rules that `role` shall have: of each of its clusterRoleSelectors, the rules of the selected roles in name
// order, equal ones once. `all_roles` may be in any order and may contain `role`, whose own rules do not count. BadRequest when
// a selector is not one.
Result<Document> aggregated_rules(const Value& role, std::span<const Value> all_roles);

}  // namespace plinth::api
