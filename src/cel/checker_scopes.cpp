// The checker: what introduces names: comprehensions, bindings, blocks.
#include <algorithm>

#include <fmt/core.h>

#include "cel/checker_walk.h"

namespace plinth::cel {

Checker::ElementTypes Checker::element_types(NodeId range, bool two) {
  Type type = known(range);
  switch (type.kind()) {
    case TypeKind::kList:
      return two ? ElementTypes{Type::integer(), type.element()} : ElementTypes{type.element(), Type::dyn()};
    case TypeKind::kMap:
      return {type.key(), type.value()};
    case TypeKind::kParam:
      solver_.assignable(Type::dyn(), type);
      break;
    case TypeKind::kDyn:
    case TypeKind::kError:
      break;
    default:
      complain(range, fmt::format("expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                                  type.text()));
  }
  return {Type::dyn(), Type::dyn()};
}

std::uint32_t Checker::push(std::string_view name, Type type) {
  locals_.push_back({name, std::move(type)});
  out_.local_count = std::max(out_.local_count, static_cast<std::uint32_t>(locals_.size()));
  return static_cast<std::uint32_t>(locals_.size() - 1);
}

void Checker::expect_bool(NodeId id, std::string_view function) {
  Type type = known(id);
  if (solver_.assignable(type, Type::boolean())) return;
  complain(id, fmt::format("found no matching overload for '{}' applied to '({})'", function,
                           solver_.substitute(type, true).text()));
}

Type Checker::comprehension(NodeId id) {
  const Node node = ast_.node(id);
  check(node.operand);
  bool two = !node.name2.empty();
  ElementTypes types = element_types(node.operand, two);
  std::size_t before = locals_.size();
  out_.slots[id] = push(node.name, types.first);
  if (two) push(node.name2, types.second);
  auto parts = ast_.children(node);
  if (node.has_filter) {
    check(parts[0]);
    expect_bool(parts[0], "_?_:_");
  }
  NodeId body = parts[node.has_filter ? 1 : 0];
  check(body);
  locals_.resize(before);
  return fold_type(node, body, types);
}

Type Checker::fold_type(const Node& node, NodeId body, const ElementTypes& types) {
  switch (node.fold) {
    case Fold::kAll:
      expect_bool(body, "_&&_");
      return Type::boolean();
    case Fold::kExists:
      expect_bool(body, "_||_");
      return Type::boolean();
    case Fold::kExistsOne:
      expect_bool(body, "_?_:_");
      return Type::boolean();
    case Fold::kList:
      return Type::list(known(body));
    case Fold::kMap:
      return Type::map(types.first, known(body));
    case Fold::kMapEntries:
      break;
  }
  Type entry = known(body);
  if (entry.is(TypeKind::kMap) || entry.is_dyn() || entry.is(TypeKind::kError)) {
    return entry.is(TypeKind::kMap) ? entry : Type::map(Type::dyn(), Type::dyn());
  }
  complain(body, fmt::format("found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), {})'", entry.text()));
  return Type::map(Type::dyn(), Type::dyn());
}

Type Checker::bind(NodeId id) {
  const Node node = ast_.node(id);
  auto parts = ast_.children(node);
  check(parts[0]);
  out_.slots[id] = push(node.name, known(parts[0]));
  check(parts[1]);
  locals_.pop_back();
  return known(parts[1]);
}

Type Checker::block(NodeId id) {
  const Node node = ast_.node(id);
  auto parts = ast_.children(node);
  std::size_t before = locals_.size();
  out_.slots[id] = static_cast<std::uint32_t>(before);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    check(parts[i]);
    push(ast_.text(fmt::format("@index{}", i)), known(parts[i]));
  }
  check(parts.back());
  locals_.resize(before);
  return known(parts.back());
}

Type Checker::optional_map(NodeId id) {
  const Node node = ast_.node(id);
  check(node.operand);
  Type target = known(node.operand);
  Type value = Type::dyn();
  if (target.is_optional()) {
    value = target.element();
  } else if (!target.is_dyn() && !target.is(TypeKind::kError)) {
    complain(id, fmt::format("found no matching overload for '{}' applied to '{}.()'", node.flat ? "optFlatMap" : "optMap",
                             target.text()));
  }
  NodeId body = ast_.children(node)[0];
  out_.slots[id] = push(node.name, value);
  check(body);
  locals_.pop_back();
  Type result = known(body);
  if (!node.flat) return Type::optional(result);
  if (!result.is_optional() && !result.is_dyn() && !result.is(TypeKind::kError)) {
    complain(body, fmt::format("expected type 'optional_type(dyn)' but found '{}'", result.text()));
  }
  return result;
}

}  // namespace plinth::cel
