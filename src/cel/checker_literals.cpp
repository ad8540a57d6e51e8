// The checker: literals of lists, maps and messages.
#include <fmt/core.h>

#include "cel/checker_walk.h"

namespace plinth::cel {

void Checker::join(std::optional<Type>& common, Type next, NodeId where) {
  if (!common) {
    common = std::move(next);
    return;
  }
  if (auto joined = solver_.join(*common, next)) {
    common = std::move(*joined);
    return;
  }
  if (environment_.settings().homogeneous_literals && mixed_allowed_ == 0) {
    complain(where, fmt::format("expected type '{}' but found '{}'", solver_.substitute(*common, true).text(),
                                solver_.substitute(next, true).text()));
  } else {
    common = Type::dyn();
  }
}

Type Checker::unmarked(NodeId element, bool marked) {
  Type type = known(element);
  if (!marked) return type;
  if (type.is_optional()) return type.element();
  if (type.is_dyn()) return type;
  complain(element, fmt::format("expected type 'optional_type(dyn)' but found '{}'", type.text()));
  return Type::dyn();
}

Type Checker::list(const Node node) {
  std::optional<Type> common;
  auto items = ast_.children(node);
  for (std::size_t i = 0; i < items.size(); ++i) {
    check(items[i]);
    join(common, unmarked(items[i], ast_.marked(node, i)), items[i]);
  }
  return Type::list(common ? *common : solver_.fresh());
}

Type Checker::map(const Node node) {
  std::optional<Type> key, value;
  auto parts = ast_.children(node);
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    check(parts[i]);
    check(parts[i + 1]);
    join(key, known(parts[i]), parts[i]);
    join(value, unmarked(parts[i + 1], ast_.marked(node, i)), parts[i + 1]);
  }
  Type key_type = key ? *key : solver_.fresh();
  return Type::map(std::move(key_type), value ? *value : solver_.fresh());
}

Type Checker::structure(NodeId id) {
  const Node node = ast_.node(id);
  std::optional<Type> type;
  for (const std::string& candidate : candidates(container(), node.name)) {
    if ((type = environment_.find_type(candidate))) break;
  }
  if (!type)
    undeclared(id, node.name);
  else if (!type->is(TypeKind::kObject))
    complain(id, fmt::format("'{}' is not a type", node.name)), type = std::nullopt;
  auto parts = ast_.children(node);
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    check(parts[i]);
    check(parts[i + 1]);
    if (type) struct_field(parts[i], parts[i + 1], ast_.marked(node, i), *type);
  }
  if (!type) out_.references[id].kind = Reference::Kind::kUnresolved;
  return type ? *type : strict_ ? Type::error() : Type::dyn();
}

void Checker::struct_field(NodeId key, NodeId value, bool marked, const Type& type) {
  std::string_view name = ast_.node(key).value.as_string();
  auto field = type.object_type()->field(name);
  if (!field) return complain(key, fmt::format("undefined field '{}'", name));
  Type given = unmarked(value, marked);
  if (!solver_.assignable(given, *field)) {
    complain(key,
             fmt::format("expected type of field '{}' is '{}' but provided type is '{}'", name, field->text(), given.text()));
  }
}

}  // namespace plinth::cel
