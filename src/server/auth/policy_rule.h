// One rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1 PolicyRule).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace plinth::server::auth {

inline constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";

struct PolicyRule {
  std::vector<std::string> verbs, groups, resources, resource_names, non_resource_urls;
  bool operator==(const PolicyRule&) const = default;
};
using PolicyRules = std::vector<PolicyRule>;

PolicyRules rules_from_value(const Value& array);
Value rules_to_value(Draft& draft, const PolicyRules& rules);

// `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`, as escalation refusals print it.
std::string compact_text(const PolicyRule& rule);

// Whether `owner` (an URL of a rule, maybe ending in '*') stands for `path`.
bool url_covers(std::string_view owner, std::string_view path);

}  // namespace plinth::server::auth
