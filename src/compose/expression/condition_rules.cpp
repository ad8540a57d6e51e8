#include "compose/expression/condition_rules.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/quoted.h"
#include "cel/lib/libraries.h"
#include "cel/parser.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kOwnConditions[] = {"InstanceManaged", "GraphResolved", "ResourcesReady", "Ready"};
constexpr std::string_view kStatuses[] = {"True", "False", "Unknown"};

template <std::size_t kSize>
bool is_one_of(std::string_view text, const std::string_view (&list)[kSize]) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::optional<std::string> literal_text(const cel::Ast& ast, cel::NodeId id) {
  const cel::Node& node = ast.node(id);
  if (node.kind != cel::NodeKind::kLiteral || !node.value.is(cel::Kind::kString)) return std::nullopt;
  return std::string(node.value.as_string());
}

std::optional<std::string> literal_member(const cel::Ast& ast, cel::NodeId map, std::string_view key) {
  if (ast.node(map).kind != cel::NodeKind::kMap) return std::nullopt;
  const auto parts = ast.children(map);
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (literal_text(ast, parts[i]) == key) return literal_text(ast, parts[i + 1]);
  }
  return std::nullopt;
}

// runtime.newCondition has become a global call by the time that it is parsed; runtime.condition is still one of `runtime`.
bool is_call(const cel::Ast& ast, const cel::Node& node, std::string_view function, std::size_t args) {
  if (node.kind != cel::NodeKind::kCall || node.child_count != args) return false;
  if (node.operand == cel::kNoNode) return node.name == function;
  return ast.qualified_name(node.operand) + "." + std::string(node.name) == function;
}

Result<void> check_new(const cel::Ast& ast, const cel::Node& call, const std::string& text) {
  const cel::NodeId map = ast.children(call)[0];
  if (const auto status = literal_member(ast, map, "status"); status && !is_one_of(*status, kStatuses)) {
    return bad_request("runtime.newCondition: status must be one of True, False, Unknown (got " + quoted(*status) +
                       ") in expression " + quoted(text));
  }
  if (literal_member(ast, map, "type") == "")
    return bad_request("runtime.newCondition: type must not be empty in expression " + quoted(text));
  return {};
}

Result<void> check_lookup(const cel::Ast& ast, const cel::Node& call, const std::set<std::string>& declared,
                          const std::string& text) {
  const auto args = ast.children(call);
  const cel::Node& object = ast.node(args[0]);
  if (object.kind != cel::NodeKind::kIdent || object.name != "schema") return {};
  const auto type = literal_text(ast, args[1]);
  if (!type || is_one_of(*type, kOwnConditions)) return {};
  const std::string prefix = "runtime.condition(schema, " + quoted(*type) + "): ";
  if (declared.count(*type) > 0)
    return bad_request(prefix + "custom conditions cannot reference each other in expression " + quoted(text));
  return bad_request(
      prefix +
      "unknown condition type; only kro's built-in types (InstanceManaged, GraphResolved, ResourcesReady, Ready) "
      "can be read from schema in expression " +
      quoted(text));
}

template <typename Visit>
void each_call(const cel::Ast& ast, std::string_view function, std::size_t args, Visit visit) {
  for (cel::NodeId id = 0; id < ast.size(); ++id) {
    if (is_call(ast, ast.node(id), function, args)) visit(ast.node(id));
  }
}

}  // namespace

cel::Environment with_conditions(cel::Environment environment) {
  environment.add(cel::kro_conditions_library());
  return environment;
}

Result<void> check_condition_rules(const std::vector<std::string>& expressions, const cel::Environment& environment) {
  std::vector<cel::Ast> asts;
  std::set<std::string> declared;
  for (const std::string& text : expressions) {
    cel::ParseOptions options;
    options.macros = environment.macros();
    auto ast = cel::parse(text, options);
    if (!ast.ok()) return bad_request("condition " + quoted(text) + ": " + ast.error().message());
    // A type may occur several times in one expression: in the branches of a choice.
    std::set<std::string> own;
    each_call(*ast, cel::kNewCondition, 1, [&](const cel::Node& call) {
      if (auto type = literal_member(*ast, ast->children(call)[0], "type")) own.insert(*type);
    });
    for (const std::string& type : own) {
      if (!declared.insert(type).second)
        return bad_request("condition type " + quoted(type) + " is declared by more than one conditions entry");
    }
    asts.push_back(std::move(*ast));
  }
  for (std::size_t i = 0; i < asts.size(); ++i) {
    Result<void> outcome;
    each_call(asts[i], cel::kNewCondition, 1, [&](const cel::Node& call) {
      if (outcome.ok()) outcome = check_new(asts[i], call, expressions[i]);
    });
    each_call(asts[i], cel::kFindCondition, 2, [&](const cel::Node& call) {
      if (outcome.ok()) outcome = check_lookup(asts[i], call, declared, expressions[i]);
    });
    TRY(std::move(outcome));
  }
  return {};
}

bool gives_conditions(const cel::Type& type) {
  const cel::Type& one = type.is(cel::TypeKind::kList) ? type.element() : type;
  return one.is_dyn() || (one.is(cel::TypeKind::kObject) && one.name() == cel::kConditionType);
}

}  // namespace plinth::compose
