// x-kubernetes-validations of a schema: compiled once, evaluated on each write of an object. What evaluation says is worded as
// apiextensions-apiserver does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/cel/cost_allowance.h"
#include "api/cel/rule_types.h"
#include "api/crd_schema.h"
#include "api/field_error.h"
#include "cel/program.h"

namespace plinth::api {

// One rule, ready to run. A rule that does not compile says why each time it would have run.
struct CompiledRule {
  const ValidationRule* source = nullptr;
  std::optional<cel::Program> program;  // empty: an empty rule, or `error` says why
  std::string error;
  std::optional<cel::Program> message;  // of messageExpression
  std::string message_error;
  std::string field_path;  // normalized; empty when there is none
  bool uses_old_self = false;
};

// The variables of rules at a place; oldSelf is an optional one for rules that say so.
cel::Environment rule_environment(RulePlace place, const std::shared_ptr<const void>& keeper, bool optional_old_self);
CompiledRule compile_rule(RulePlace place, const ValidationRule& rule, const cel::Environment& environment);

// `path` of a rule's fieldPath (".spec.names['a.b']") as errors print it; Invalid when the schema has no such place.
Result<std::string> rule_field_path(const Schema& schema, std::string_view path);

// Immutable; any thread.
class SchemaRules {
 public:
  // Null when the schema has no rules.
  static std::shared_ptr<const SchemaRules> compile(CompiledSchemaPtr schema);
  ~SchemaRules();

  // `old` null on create. What fails and is unchanged since is a warning. Stops at the budget of one object, and when
  // `allowance` is spent.
  void validate(const Value& object, const Value* old, FieldErrors& errors, std::vector<std::string>& warnings,
                CostAllowance& allowance) const;

 private:
  struct Node;
  class Builder;
  class Run;
  SchemaRules();
  CompiledSchemaPtr schema_;
  std::unique_ptr<class CelShapes> shapes_;
  std::unique_ptr<Node> root_;
};

// Whether upstream would not evaluate rules for the sake of these errors.
bool blocks_rules(const FieldErrors& errors);
// What is said in their place.
FieldError rules_not_checked();

}  // namespace plinth::api
