#include "cel/checker.h"

#include "cel/checker_walk.h"

namespace plinth::cel {

Issues& Checker::run() {
  check(ast_.root());
  for (Type& type : out_.types) type = solver_.resolved(type);
  return issues_;
}

Type Checker::known(NodeId id) const { return solver_.substitute(type_of(id), false); }

void Checker::complain(NodeId id, std::string message) {
  if (strict_) issues_.add(ast_.node(id).position, std::move(message));
}

Type Checker::type_for(NodeId id) {
  const Node& node = ast_.node(id);
  switch (node.kind) {
    case NodeKind::kLiteral:
      return literal(node);
    case NodeKind::kIdent:
      return ident(id);
    case NodeKind::kSelect:
      return select(id);
    case NodeKind::kCall:
      return call(id);
    case NodeKind::kList:
      return list(node);
    case NodeKind::kMap:
      return map(node);
    case NodeKind::kStruct:
      return structure(id);
    case NodeKind::kComprehension:
      return comprehension(id);
    case NodeKind::kBind:
      return bind(id);
    case NodeKind::kBlock:
      return block(id);
    case NodeKind::kOptional:
      return optional_map(id);
  }
  return Type::dyn();
}

Type Checker::literal(const Node& node) {
  switch (node.value.kind()) {
    case Kind::kBool:
      return Type::boolean();
    case Kind::kInt:
      return Type::integer();
    case Kind::kUint:
      return Type::unsigned_integer();
    case Kind::kDouble:
      return Type::floating();
    case Kind::kString:
      return Type::string();
    case Kind::kBytes:
      return Type::bytes();
    default:
      return Type::null();
  }
}

Result<CheckedAst> check(Ast ast, const Environment& environment, CheckMode mode) {
  CheckedAst out{std::move(ast), {}, {}, {}, 0};
  Checker checker(out, environment, mode);
  Issues& issues = checker.run();
  if (!issues.empty()) return issues.error(out.ast.source());
  return out;
}

}  // namespace plinth::cel
