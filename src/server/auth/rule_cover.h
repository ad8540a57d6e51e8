// The algebra of rights: whether some rules include others. No right is ever granted by somebody who does not hold it.
#pragma once

#include "server/auth/policy_rule.h"

namespace plinth::server::auth {

// Rules of one verb, group, resource and name (or one URL) each, that together say what `rule` says.
PolicyRules break_down(const PolicyRule& rule);

// The broken-down parts of `wanted` that no single rule of `held` includes; empty when all are held.
PolicyRules missing_rights(const PolicyRules& held, const PolicyRules& wanted);

// Joins the verbs of rules that name the same single group, resource and name. Order of first appearance; other rules first.
PolicyRules compact_rules(const PolicyRules& rules);

}  // namespace plinth::server::auth
