// The checker: calls.
#include <fmt/core.h>

#include "cel/checker_walk.h"

namespace plinth::cel {
namespace {

// "(int, string)", or "string.(int)" for a call with a receiver.
std::string arguments_text(std::span<const Type> types, bool member) {
  std::string out = member ? types[0].text() + ".(" : "(";
  for (std::size_t i = member ? 1 : 0; i < types.size(); ++i) {
    if (i > (member ? 1u : 0u)) out += ", ";
    out += types[i].text();
  }
  return out + ")";
}

}  // namespace

Type Checker::call(NodeId id) {
  const Node node = ast_.node(id);
  // Lists of things to be printed may hold anything.
  bool any_elements = node.name == "format";
  mixed_allowed_ += any_elements ? 1 : 0;
  for (NodeId arg : ast_.children(node)) check(arg);
  mixed_allowed_ -= any_elements ? 1 : 0;
  if (node.name == "_&&_" || node.name == "_||_") return logical(id, node);
  if (node.operand == kNoNode) return global_call(id, node, node.name);
  std::string target = short_chain(node.operand) ? ast_.qualified_name(node.operand) : std::string();
  if (!target.empty() && !starts_local(node.operand)) {
    std::string qualified = target + "." + std::string(node.name);
    for (const std::string& candidate : candidates(container(), qualified)) {
      if (auto function = environment_.find_function(candidate)) return overload(id, node, function, false);
    }
  }
  check(node.operand);
  auto function = environment_.find_function(node.name);
  if (function == nullptr) return unknown_function(id, node.name);
  return overload(id, node, function, true);
}

Type Checker::unknown_function(NodeId id, std::string_view name) {
  out_.references[id].kind = Reference::Kind::kUnresolved;
  undeclared(id, name);
  return strict_ ? Type::error() : Type::dyn();
}

Type Checker::global_call(NodeId id, const Node& node, std::string_view name) {
  for (const std::string& candidate : candidates(container(), name)) {
    if (auto function = environment_.find_function(candidate)) return overload(id, node, function, false);
  }
  return unknown_function(id, name);
}

Type Checker::logical(NodeId id, const Node& node) {
  for (NodeId term : ast_.children(node)) {
    Type type = known(term);
    if (!solver_.assignable(type, Type::boolean())) {
      std::vector<Type> types;
      for (NodeId t : ast_.children(node)) types.push_back(solver_.substitute(type_of(t), true));
      complain(id, fmt::format("found no matching overload for '{}' applied to '{}'", node.name, arguments_text(types, false)));
      break;
    }
  }
  return Type::boolean();
}

Type Checker::overload(NodeId id, const Node& node, const std::shared_ptr<const Function>& function, bool member) {
  std::vector<Type> args;
  if (member) args.push_back(type_of(node.operand));
  for (NodeId arg : ast_.children(node)) args.push_back(type_of(arg));
  Reference& reference = out_.references[id];
  reference.kind = Reference::Kind::kFunction;
  reference.with_receiver = member;
  reference.function = function;
  std::optional<Type> result;
  for (const Overload& candidate : function->overloads) {
    if (candidate.member != member || candidate.parameters.size() != args.size()) continue;
    auto type = try_overload(candidate, args);
    if (!type && strict_) continue;
    reference.overloads.push_back(&candidate);
    if (!type)
      result = Type::dyn();
    else if (!result)
      result = *type;
    else if (!result->is_dyn() && !(solver_.substitute(*result, false) == *type))
      result = Type::dyn();
  }
  if (result) return *result;
  for (Type& type : args) type = solver_.substitute(type, true);
  complain(id,
           fmt::format("found no matching overload for '{}' applied to '{}'", function->name, arguments_text(args, member)));
  return strict_ ? Type::error() : Type::dyn();
}

std::optional<Type> Checker::try_overload(const Overload& candidate, std::span<const Type> args) {
  TypeSolver::Instance instance;
  std::vector<Type> parameters;
  for (const Type& p : candidate.parameters) parameters.push_back(solver_.instantiate(p, instance));
  if (!solver_.assignable(args, parameters)) return std::nullopt;
  return solver_.substitute(solver_.instantiate(candidate.result, instance), false);
}

}  // namespace plinth::cel
