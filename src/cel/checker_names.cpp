// The checker: names and fields.
#include <fmt/core.h>

#include "cel/checker_walk.h"

namespace plinth::cel {

const Checker::Local* Checker::find_local(std::string_view name, std::uint32_t* slot) const {
  for (std::size_t i = locals_.size(); i-- > 0;) {
    if (locals_[i].name == name) {
      *slot = static_cast<std::uint32_t>(i);
      return &locals_[i];
    }
  }
  return nullptr;
}

std::optional<Type> Checker::resolve(NodeId id, std::string_view name) {
  Reference& reference = out_.references[id];
  for (const std::string& candidate : candidates(container(), name)) {
    if (auto index = environment_.find_variable(candidate)) {
      reference.kind = Reference::Kind::kVariable;
      reference.slot = static_cast<std::uint32_t>(*index);
      return environment_.variables()[*index].type;
    }
    if (auto type = environment_.find_type(candidate)) {
      reference.kind = Reference::Kind::kConstant;
      reference.constant = Value::type(ast_.text(type->name()));
      return Type::type_of(*type);
    }
    const auto& types = environment_.settings().types;
    auto constant = types == nullptr ? std::nullopt : types->find_constant(candidate);
    if (constant) {
      reference.kind = Reference::Kind::kConstant;
      reference.constant = Value::of(*constant);
      return Type::integer();
    }
  }
  return std::nullopt;
}

void Checker::undeclared(NodeId id, std::string_view name) {
  complain(id, fmt::format("undeclared reference to '{}' (in container '{}')", name, container()));
}

Type Checker::ident(NodeId id) {
  std::string_view name = ast_.node(id).name;
  Reference& reference = out_.references[id];
  if (const Local* local = find_local(name, &reference.slot)) {
    reference.kind = Reference::Kind::kLocal;
    return local->type;
  }
  if (auto type = resolve(id, name)) return *type;
  reference.kind = Reference::Kind::kUnresolved;
  undeclared(id, name);
  return strict_ ? Type::error() : Type::dyn();
}

NodeId Checker::chain_root(NodeId id) const {
  while (ast_.node(id).kind == NodeKind::kSelect) id = ast_.node(id).operand;
  return ast_.node(id).kind == NodeKind::kIdent ? id : kNoNode;
}

bool Checker::short_chain(NodeId id) const {
  constexpr int kPartsMax = 32;
  int parts = 1;
  for (; ast_.node(id).kind == NodeKind::kSelect && parts <= kPartsMax; ++parts) id = ast_.node(id).operand;
  return parts <= kPartsMax;
}

bool Checker::starts_local(NodeId id) const {
  NodeId root = chain_root(id);
  std::uint32_t slot = 0;
  return root != kNoNode && find_local(ast_.node(root).name, &slot) != nullptr;
}

Type Checker::select(NodeId id) {
  const Node node = ast_.node(id);
  std::string qualified = short_chain(id) ? ast_.qualified_name(id) : std::string();
  if (!qualified.empty() && !starts_local(id)) {
    if (auto type = resolve(id, qualified)) return *type;
  }
  check(node.operand);
  Type field = field_type(id, node);
  return node.test_only ? Type::boolean() : solver_.substitute(field, false);
}

Type Checker::field_type(NodeId id, const Node& node) {
  Type operand = known(node.operand);
  bool optional = operand.is_optional();
  Type target = optional ? operand.element() : operand;
  Type result = Type::dyn();
  switch (target.kind()) {
    case TypeKind::kMap:
      result = target.value();
      break;
    case TypeKind::kObject:
      result = object_field(id, node, target);
      break;
    case TypeKind::kParam:
      solver_.assignable(Type::dyn(), target);
      break;
    case TypeKind::kDyn:
    case TypeKind::kError:
      break;
    default:
      complain(id, fmt::format("type '{}' does not support field selection", target.text()));
  }
  return optional || node.optional ? Type::optional(result) : result;
}

Type Checker::object_field(NodeId id, const Node& node, const Type& target) {
  if (auto type = target.object_type()->field(node.name)) return *type;
  complain(id, fmt::format("undefined field '{}'", node.name));
  return strict_ ? Type::error() : Type::dyn();
}

}  // namespace plinth::cel
