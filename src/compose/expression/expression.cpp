#include "compose/expression/expression.h"

#include <algorithm>

#include "api/cel/libraries.h"
#include "cel/lib/libraries.h"
#include "cel/parser.h"

namespace plinth::compose {
namespace {

cel::Environment make_environment() {
  cel::Environment environment;
  environment.add(cel::optionals_library());
  environment.add(cel::strings_library());
  environment.add(cel::lists_library());
  environment.add(cel::sets_library());
  environment.add(cel::math_library());
  environment.add(cel::encoders_library());
  environment.add(cel::regex_library());
  environment.add(cel::network_library());
  environment.add(cel::kubernetes_regex_library());
  environment.add(cel::kubernetes_lists_library());
  environment.add(cel::urls_library());
  environment.add(cel::semver_library());
  environment.add(cel::bindings_library());
  environment.add(cel::comprehensions_library());
  environment.add(api::quantities_library());
  environment.add(api::formats_library());
  environment.add(cel::kro_library());
  environment.add(cel::omit_library());
  return environment;
}

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

// Walks a tree and keeps track of the names that comprehensions and bindings introduce.
class Inspector {
 public:
  Inspector(const cel::Ast& ast, const cel::Environment& environment) : ast_(ast), environment_(environment) {}

  void walk(cel::NodeId id) {
    if (id == cel::kNoNode) return;
    const cel::Node& node = ast_.node(id);
    switch (node.kind) {
      case cel::NodeKind::kLiteral:
        return;
      case cel::NodeKind::kIdent:
        return note(node.name);
      case cel::NodeKind::kSelect:
        // A qualified name may be a type or a constant.
        if (const std::string name = ast_.qualified_name(id); !name.empty() && environment_.find_type(name)) return;
        return walk(node.operand);
      case cel::NodeKind::kCall:
        return walk_call(node);
      case cel::NodeKind::kComprehension:
        walk(node.operand);
        return within({node.name, node.name2}, ast_.children(node));
      case cel::NodeKind::kBind:
        walk(ast_.children(node)[0]);
        return within({node.name}, ast_.children(node).subspan(1));
      case cel::NodeKind::kOptional:
        walk(node.operand);
        return within({node.name}, ast_.children(node));
      case cel::NodeKind::kList:
      case cel::NodeKind::kMap:
      case cel::NodeKind::kStruct:
      case cel::NodeKind::kBlock:
        for (cel::NodeId child : ast_.children(node)) walk(child);
        return;
    }
  }

  Inspection found;

 private:
  void walk_call(const cel::Node& node) {
    found.draws = found.draws || (node.name == "alphanumeric" && node.operand != cel::kNoNode &&
                                  ast_.qualified_name(node.operand) == "random");
    found.uses_omit = found.uses_omit || (node.operand == cel::kNoNode && node.name == "omit");
    const std::string target = node.operand == cel::kNoNode ? "" : ast_.qualified_name(node.operand);
    // "base64" in base64.encode(x) is a namespace, unless a variable of that name is in sight.
    const bool is_namespace =
        !target.empty() && !is_local(target) && environment_.find_function(target + "." + std::string(node.name)) != nullptr;
    if (!is_namespace) walk(node.operand);
    for (cel::NodeId child : ast_.children(node)) walk(child);
    if (node.operand == cel::kNoNode) note_function(node.name);  // after those of its arguments
  }

  // Operators are calls too, of names that nobody can write.
  void note_function(std::string_view name) {
    if (name.starts_with('.')) name.remove_prefix(1);
    const bool is_operator = name.find_first_not_of(kNameCharacters) != std::string_view::npos || name.starts_with('_');
    if (!is_operator && environment_.find_function(name) == nullptr) found.unknown_functions.emplace_back(name);
  }

  void within(std::initializer_list<std::string_view> names, std::span<const cel::NodeId> children) {
    const std::size_t before = locals_.size();
    locals_.insert(locals_.end(), names.begin(), names.end());
    for (cel::NodeId child : children) walk(child);
    locals_.resize(before);
  }

  bool is_local(std::string_view name) const { return std::find(locals_.begin(), locals_.end(), name) != locals_.end(); }

  void note(std::string_view name) {
    if (name.starts_with('.')) name.remove_prefix(1);
    if (name.starts_with('@') || is_local(name) || environment_.find_type(name)) return;
    if (std::find(found.variables.begin(), found.variables.end(), name) == found.variables.end())
      found.variables.emplace_back(name);
  }

  const cel::Ast& ast_;
  const cel::Environment& environment_;
  std::vector<std::string_view> locals_;
};

// What the absence of a field, key or item is called by the evaluator.
bool is_absence(std::string_view message) {
  for (std::string_view part :
       {"no such key", "no such field", "no such attribute", "index out of bounds", "undeclared", "no such element"}) {
    if (message.find(part) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

const cel::Environment& definition_environment() {
  static const cel::Environment environment = make_environment();
  return environment;
}

cel::Environment definition_environment(std::shared_ptr<Entropy> entropy) {
  cel::Environment environment = definition_environment();
  environment.add(cel::entropy_library(std::move(entropy)));
  return environment;
}

Result<Inspection> inspect_expression(std::string_view text, const cel::Environment& environment) {
  cel::ParseOptions options;
  options.macros = environment.macros();
  const cel::Ast ast = TRY(cel::parse(text, options));
  Inspector inspector(ast, environment);
  inspector.walk(ast.root());
  return std::move(inspector.found);
}

Result<void> Inspection::check_functions() const {
  if (unknown_functions.empty()) return {};
  std::string names;
  for (const std::string& name : unknown_functions) names += (names.empty() ? "{" : " {") + name + "}";
  return bad_request("uses unknown functions: [" + names + "]");
}

bool Expression::uses(std::string_view variable) const {
  return std::find(variables.begin(), variables.end(), variable) != variables.end();
}

Result<Expression> compile_expression(std::string_view text, const cel::Environment& environment,
                                      const std::function<bool(std::string_view)>& allowed) {
  Inspection found = TRY(inspect_expression(text, environment));
  std::string unknown;
  for (const std::string& name : found.variables) {
    if (allowed(name)) continue;
    if (name == "runtime") return bad_request("runtime is only available in status.conditions expressions");
    unknown += (unknown.empty() ? "" : " ") + name;
  }
  if (!unknown.empty()) return bad_request("references unknown identifiers: [" + unknown + "]");
  TRY(found.check_functions());
  Expression out;
  out.program = std::make_shared<const cel::Program>(TRY(cel::compile(text, environment)));
  out.text = text;
  out.variables = std::move(found.variables);
  out.uses_omit = found.uses_omit;
  out.draws = found.draws;
  return out;
}

Outcome evaluate(const Expression& expression, std::span<const cel::Value> variables, cel::Memory& memory) {
  cel::Budget budget;
  budget.cost_limit = kExpressionCostMax;
  Outcome out;
  out.value = expression.program->run(variables, memory, budget);
  if (out.value.is_error()) {
    out.message = out.value.as_error().message;
    out.kind = is_absence(out.message) && !out.value.as_error().fatal ? Outcome::Kind::kPending : Outcome::Kind::kFailed;
    return out;
  }
  // An absent variable: an object that nobody has seen yet.
  if (out.value.is(cel::Kind::kAbsent)) {
    out.kind = Outcome::Kind::kPending;
    out.message = "no value yet";
    return out;
  }
  out.kind = cel::is_omit(out.value) ? Outcome::Kind::kOmitted : Outcome::Kind::kValue;
  return out;
}

Result<Value> as_document(const cel::Value& value, Draft& draft) { return cel::to_document(value, draft); }

}  // namespace plinth::compose
