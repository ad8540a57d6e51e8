#include "cel/checker.h"

#include <algorithm>

#include <fmt/core.h>

#include "cel/source.h"
#include "cel/type_solver.h"

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

struct Local {
  std::string_view name;
  Type type;
};

class Checker {
 public:
  Checker(CheckedAst& out, const Environment& environment, CheckMode mode)
      : out_(out), ast_(out.ast), environment_(environment), strict_(mode == CheckMode::kStrict) {
    out_.types.resize(ast_.size());
    out_.references.resize(ast_.size());
    out_.slots.resize(ast_.size());
  }

  Issues& run() {
    check(ast_.root());
    for (Type& type : out_.types) type = solver_.resolved(type);
    return issues_;
  }

 private:
  const Type& type_of(NodeId id) const { return out_.types[id]; }
  Type known(NodeId id) const { return solver_.substitute(type_of(id), false); }
  const std::string& container() const { return environment_.settings().container; }

  void complain(NodeId id, std::string message) {
    if (strict_) issues_.add(ast_.node(id).position, std::move(message));
  }

  void check(NodeId id) { out_.types[id] = type_for(id); }

  Type type_for(NodeId id) {
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

  static Type literal(const Node& node) {
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

  const Local* find_local(std::string_view name, std::uint32_t* slot) const {
    for (std::size_t i = locals_.size(); i-- > 0;) {
      if (locals_[i].name == name) {
        *slot = static_cast<std::uint32_t>(i);
        return &locals_[i];
      }
    }
    return nullptr;
  }

  // Variables, types and constants of the environment by a name that may be qualified.
  std::optional<Type> resolve(NodeId id, std::string_view name) {
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

  void undeclared(NodeId id, std::string_view name) {
    complain(id, fmt::format("undeclared reference to '{}' (in container '{}')", name, container()));
  }

  Type ident(NodeId id) {
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

  // The identifier that a chain of selects starts with, or kNoNode.
  NodeId chain_root(NodeId id) const {
    while (ast_.node(id).kind == NodeKind::kSelect) id = ast_.node(id).operand;
    return ast_.node(id).kind == NodeKind::kIdent ? id : kNoNode;
  }

  // Qualified names have few parts; longer chains are fields.
  bool short_chain(NodeId id) const {
    constexpr int kPartsMax = 32;
    int parts = 1;
    for (; ast_.node(id).kind == NodeKind::kSelect && parts <= kPartsMax; ++parts) id = ast_.node(id).operand;
    return parts <= kPartsMax;
  }

  bool starts_local(NodeId id) const {
    NodeId root = chain_root(id);
    std::uint32_t slot = 0;
    return root != kNoNode && find_local(ast_.node(root).name, &slot) != nullptr;
  }

  Type select(NodeId id) {
    const Node node = ast_.node(id);
    std::string qualified = short_chain(id) ? ast_.qualified_name(id) : std::string();
    if (!qualified.empty() && !starts_local(id)) {
      if (auto type = resolve(id, qualified)) return *type;
    }
    check(node.operand);
    Type field = field_type(id, node);
    return node.test_only ? Type::boolean() : solver_.substitute(field, false);
  }

  Type field_type(NodeId id, const Node& node) {
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

  Type object_field(NodeId id, const Node& node, const Type& target) {
    if (auto type = target.object_type()->field(node.name)) return *type;
    complain(id, fmt::format("undefined field '{}'", node.name));
    return strict_ ? Type::error() : Type::dyn();
  }

  Type call(NodeId id) {
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

  Type unknown_function(NodeId id, std::string_view name) {
    out_.references[id].kind = Reference::Kind::kUnresolved;
    undeclared(id, name);
    return strict_ ? Type::error() : Type::dyn();
  }

  Type global_call(NodeId id, const Node& node, std::string_view name) {
    for (const std::string& candidate : candidates(container(), name)) {
      if (auto function = environment_.find_function(candidate)) return overload(id, node, function, false);
    }
    return unknown_function(id, name);
  }

  // Any number of terms; each is a bool.
  Type logical(NodeId id, const Node& node) {
    for (NodeId term : ast_.children(node)) {
      Type type = known(term);
      if (!solver_.assignable(type, Type::boolean())) {
        std::vector<Type> types;
        for (NodeId t : ast_.children(node)) types.push_back(solver_.substitute(type_of(t), true));
        complain(id,
                 fmt::format("found no matching overload for '{}' applied to '{}'", node.name, arguments_text(types, false)));
        break;
      }
    }
    return Type::boolean();
  }

  Type overload(NodeId id, const Node& node, const std::shared_ptr<const Function>& function, bool member) {
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

  std::optional<Type> try_overload(const Overload& candidate, std::span<const Type> args) {
    TypeSolver::Instance instance;
    std::vector<Type> parameters;
    for (const Type& p : candidate.parameters) parameters.push_back(solver_.instantiate(p, instance));
    if (!solver_.assignable(args, parameters)) return std::nullopt;
    return solver_.substitute(solver_.instantiate(candidate.result, instance), false);
  }

  // The common type of the elements of a literal so far and one more.
  void join(std::optional<Type>& common, Type next, NodeId where) {
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

  // Of an element written with `?`: the type within the optional.
  Type unmarked(NodeId element, bool marked) {
    Type type = known(element);
    if (!marked) return type;
    if (type.is_optional()) return type.element();
    if (type.is_dyn()) return type;
    complain(element, fmt::format("expected type 'optional_type(dyn)' but found '{}'", type.text()));
    return Type::dyn();
  }

  Type list(const Node node) {
    std::optional<Type> common;
    auto items = ast_.children(node);
    for (std::size_t i = 0; i < items.size(); ++i) {
      check(items[i]);
      join(common, unmarked(items[i], ast_.marked(node, i)), items[i]);
    }
    return Type::list(common ? *common : solver_.fresh());
  }

  Type map(const Node node) {
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

  Type structure(NodeId id) {
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

  void struct_field(NodeId key, NodeId value, bool marked, const Type& type) {
    std::string_view name = ast_.node(key).value.as_string();
    auto field = type.object_type()->field(name);
    if (!field) return complain(key, fmt::format("undefined field '{}'", name));
    Type given = unmarked(value, marked);
    if (!solver_.assignable(given, *field)) {
      complain(key,
               fmt::format("expected type of field '{}' is '{}' but provided type is '{}'", name, field->text(), given.text()));
    }
  }

  struct ElementTypes {
    Type first, second;
  };

  ElementTypes element_types(NodeId range, bool two) {
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
        complain(range,
                 fmt::format("expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                             type.text()));
    }
    return {Type::dyn(), Type::dyn()};
  }

  std::uint32_t push(std::string_view name, Type type) {
    locals_.push_back({name, std::move(type)});
    out_.local_count = std::max(out_.local_count, static_cast<std::uint32_t>(locals_.size()));
    return static_cast<std::uint32_t>(locals_.size() - 1);
  }

  void expect_bool(NodeId id, std::string_view function) {
    Type type = known(id);
    if (solver_.assignable(type, Type::boolean())) return;
    complain(id, fmt::format("found no matching overload for '{}' applied to '({})'", function,
                             solver_.substitute(type, true).text()));
  }

  Type comprehension(NodeId id) {
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

  Type fold_type(const Node& node, NodeId body, const ElementTypes& types) {
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
    complain(body,
             fmt::format("found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), {})'", entry.text()));
    return Type::map(Type::dyn(), Type::dyn());
  }

  Type bind(NodeId id) {
    const Node node = ast_.node(id);
    auto parts = ast_.children(node);
    check(parts[0]);
    out_.slots[id] = push(node.name, known(parts[0]));
    check(parts[1]);
    locals_.pop_back();
    return known(parts[1]);
  }

  Type block(NodeId id) {
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

  Type optional_map(NodeId id) {
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

  CheckedAst& out_;
  Ast& ast_;
  const Environment& environment_;
  bool strict_;
  Issues issues_;
  TypeSolver solver_;
  std::vector<Local> locals_;
  int mixed_allowed_ = 0;  // calls around this place whose arguments may be mixed lists
};

}  // namespace

Result<CheckedAst> check(Ast ast, const Environment& environment, CheckMode mode) {
  CheckedAst out{std::move(ast), {}, {}, {}, 0};
  Checker checker(out, environment, mode);
  Issues& issues = checker.run();
  if (!issues.empty()) return issues.error(out.ast.source());
  return out;
}

}  // namespace plinth::cel
