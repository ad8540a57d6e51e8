// Whether the expressions of a policy fit the objects that it is for. What does not fit is told in the policy's status and
// changes nothing about its evaluation.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/value.h"
#include "cel/types.h"

namespace plinth::api {

struct PolicyObjectType {
  std::string name;  // "apps/v1, Kind=Deployment"
  cel::Type type;
};

struct ExpressionWarning {
  std::string field;  // "spec.validations[0].expression"
  std::string text;   // one paragraph for each type that it does not fit
};

// `params` is the type of parameters; nothing where they are not known.
std::vector<ExpressionWarning> check_policy_types(const Value& policy, std::span<const PolicyObjectType> objects,
                                                  const std::optional<cel::Type>& params);

}  // namespace plinth::api
