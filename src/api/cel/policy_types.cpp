#include "api/cel/policy_types.h"

#include <fmt/core.h>

#include "api/cel/admission_environment.h"
#include "cel/program.h"

namespace plinth::api {
namespace {

// All variables are declared: those with mistakes may be anything.
cel::Environment environment_for(const Value& policy, const PolicyObjectType& object, const std::optional<cel::Type>& params) {
  cel::Environment environment = admission_environment({params.has_value(), true});
  environment.declare("object", object.type);
  environment.declare("oldObject", object.type);
  if (params) environment.declare("params", *params);
  PolicyVariables variables;
  variables.begin({&environment});
  for (const Value& variable : policy["spec"]["variables"].items()) {
    auto type = cel::check_expression(variable["expression"].as_string(), environment);
    variables.declare(variable["name"].as_string(), type.ok() ? *type : cel::Type::dyn(), {&environment});
  }
  return environment;
}

}  // namespace

std::vector<ExpressionWarning> check_policy_types(const Value& policy, std::span<const PolicyObjectType> objects,
                                                  const std::optional<cel::Type>& params) {
  std::vector<cel::Environment> environments;
  for (const PolicyObjectType& object : objects) environments.push_back(environment_for(policy, object, params));
  std::vector<ExpressionWarning> out;
  const auto check = [&](std::string field, std::string_view expression) {
    std::string text;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      auto type = cel::check_expression(expression, environments[i]);
      if (!type.ok()) text += fmt::format("{}{}: {}\n", text.empty() ? "" : "\n", objects[i].name, type.error().message());
    }
    if (!text.empty()) out.push_back({std::move(field), std::move(text)});
  };
  const auto validations = policy["spec"]["validations"].items();
  for (std::size_t i = 0; i < validations.size(); ++i) {
    check(fmt::format("spec.validations[{}].expression", i), validations[i]["expression"].as_string());
    const std::string_view message = validations[i]["messageExpression"].as_string();
    if (!message.empty()) check(fmt::format("spec.validations[{}].messageExpression", i), message);
  }
  return out;
}

}  // namespace plinth::api
