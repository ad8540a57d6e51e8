#include "cel/macros.h"

#include <fmt/core.h>

namespace plinth::cel {
namespace {

constexpr std::string_view kAccumulator = "__result__";

NodeId fold(const MacroCall& c, Fold kind, bool two_variables, std::size_t filters) {
  std::string_view first = c.variable(c.args[0]);
  std::string_view second = two_variables ? c.variable(c.args[1]) : std::string_view();
  if (first.empty() || (two_variables && second.empty())) return c.args[0];
  if (first == second) return c.fail(c.args[1], fmt::format("duplicate variable name: {}", second));
  Node node{.kind = NodeKind::kComprehension, .fold = kind, .has_filter = filters != 0, .position = c.position};
  node.name = first;
  node.name2 = second;
  node.operand = c.target;
  return c.ast.add(node, c.args.subspan(two_variables ? 2 : 1));
}

template <Fold kFold, bool kTwo, int kFilters>
NodeId expand_fold(const MacroCall& c) {
  return fold(c, kFold, kTwo, kFilters);
}

NodeId expand_filter(const MacroCall& c) {
  std::string_view name = c.variable(c.args[0]);
  if (name.empty()) return c.args[0];
  Node node{.kind = NodeKind::kComprehension, .fold = Fold::kList, .has_filter = true, .position = c.position};
  node.name = name;
  node.operand = c.target;
  NodeId parts[] = {c.args[1], c.ident(name)};
  return c.ast.add(node, parts);
}

NodeId expand_has(const MacroCall& c) {
  Node arg = c.ast.node(c.args[0]);
  if (arg.kind != NodeKind::kSelect || arg.optional || arg.test_only)
    return c.fail(c.args[0], "invalid argument to has() macro");
  arg.test_only = true;
  arg.position = c.position;  // errors name the call, as those of cel-go
  return c.ast.add(arg);
}

NodeId expand_optional(const MacroCall& c, bool flat) {
  std::string_view name = c.variable(c.args[0]);
  if (name.empty()) return c.args[0];
  Node node{.kind = NodeKind::kOptional, .flat = flat, .position = c.position};
  node.name = name;
  node.operand = c.target;
  return c.ast.add(node, c.args.subspan(1));
}

NodeId expand_bind(const MacroCall& c) {
  if (!c.target_is("cel")) return kNoNode;
  std::string_view name = c.variable(c.args[0]);
  if (name.empty()) return c.args[0];
  Node node{.kind = NodeKind::kBind, .position = c.position};
  node.name = name;
  return c.ast.add(node, c.args.subspan(1));
}

NodeId expand_block(const MacroCall& c) {
  if (!c.target_is("cel")) return kNoNode;
  const Node& slots = c.ast.node(c.args[0]);
  if (slots.kind != NodeKind::kList) return c.fail(c.args[0], "cel.block requires the first arg to be a list literal");
  auto items = c.ast.children(slots);
  std::vector<NodeId> parts(items.begin(), items.end());
  parts.push_back(c.args[1]);
  return c.ast.add(Node{.kind = NodeKind::kBlock, .position = c.position}, parts);
}

// A literal int of at least 0, or -1 after a complaint.
std::int64_t natural(const MacroCall& c, NodeId arg, std::string_view who) {
  const Node& node = c.ast.node(arg);
  if (node.kind == NodeKind::kLiteral && node.value.is(Kind::kInt) && node.value.as_int() >= 0) return node.value.as_int();
  c.fail(arg, fmt::format("{} requires a single non-negative int constant arg", who));
  return -1;
}

NodeId expand_index(const MacroCall& c) {
  if (!c.target_is("cel")) return kNoNode;
  std::int64_t index = natural(c, c.args[0], "cel.index");
  return index < 0 ? c.args[0] : c.ident(fmt::format("@index{}", index));
}

NodeId expand_iter_var(const MacroCall& c) {
  if (!c.target_is("cel")) return kNoNode;
  std::int64_t depth = natural(c, c.args[0], "cel.iterVar"), unique = natural(c, c.args[1], "cel.iterVar");
  return depth < 0 || unique < 0 ? c.args[0] : c.ident(fmt::format("@it:{}:{}", depth, unique));
}

// Literals that are no numbers are refused here; anything else is left to the checker.
bool may_be_number(const MacroCall& c, NodeId arg) {
  const Node& node = c.ast.node(arg);
  if (node.kind == NodeKind::kLiteral) return node.value.is_number();
  return node.kind != NodeKind::kList && node.kind != NodeKind::kMap && node.kind != NodeKind::kStruct;
}

NodeId expand_extreme(const MacroCall& c, std::string_view name, std::string_view function) {
  if (!c.target_is("math")) return kNoNode;
  if (c.args.empty()) return c.fail(c.target, fmt::format("{} requires at least one argument", name));
  for (NodeId arg : c.args) {
    const Node& node = c.ast.node(arg);
    if (c.args.size() == 1 && node.kind == NodeKind::kList) {
      if (node.child_count == 0) return c.fail(arg, fmt::format("{} invalid single argument value", name));
      for (NodeId item : c.ast.children(node)) {
        if (!may_be_number(c, item)) return c.fail(item, fmt::format("{} invalid single argument value", name));
      }
    } else if (!may_be_number(c, arg)) {
      return c.fail(arg, fmt::format("{} simple literal arguments must be numeric", name));
    }
  }
  if (c.args.size() <= 2) return c.call(function, c.args);
  NodeId list = c.ast.add(Node{.kind = NodeKind::kList, .position = c.position}, c.args);
  return c.call(function, {&list, 1});
}

NodeId expand_greatest(const MacroCall& c) { return expand_extreme(c, "math.greatest()", "math.@max"); }
NodeId expand_least(const MacroCall& c) { return expand_extreme(c, "math.least()", "math.@min"); }

}  // namespace

NodeId MacroCall::fail(NodeId node, std::string message) const {
  issues.add(ast.node(node).position, std::move(message));
  return node;
}

NodeId MacroCall::ident(std::string_view name) const {
  Node node{.kind = NodeKind::kIdent, .position = position};
  node.name = ast.text(name);
  return ast.add(node);
}

NodeId MacroCall::literal(Value value) const {
  Node node{.kind = NodeKind::kLiteral, .position = position};
  node.value = value;
  return ast.add(node);
}

NodeId MacroCall::call(std::string_view function, std::span<const NodeId> args) const {
  Node node{.kind = NodeKind::kCall, .position = position};
  node.name = function;
  return ast.add(node, args);
}

std::string_view MacroCall::variable(NodeId arg) const {
  const Node& node = ast.node(arg);
  if (node.kind != NodeKind::kIdent || node.name.front() == '.') {
    fail(arg, "argument must be a simple name");
    return {};
  }
  if (node.name == kAccumulator) {
    fail(arg, "iteration variable overwrites accumulator variable");
    return {};
  }
  return node.name;
}

bool MacroCall::target_is(std::string_view name) const {
  if (target == kNoNode) return false;
  const Node& node = ast.node(target);
  return node.kind == NodeKind::kIdent && (node.name == name || (node.name.front() == '.' && node.name.substr(1) == name));
}

const Macros& standard_macros() {
  static const Macros macros = {
      {"has", MacroStyle::kGlobal, 1, expand_has},
      {"all", MacroStyle::kReceiver, 2, expand_fold<Fold::kAll, false, 0>},
      {"exists", MacroStyle::kReceiver, 2, expand_fold<Fold::kExists, false, 0>},
      {"exists_one", MacroStyle::kReceiver, 2, expand_fold<Fold::kExistsOne, false, 0>},
      {"existsOne", MacroStyle::kReceiver, 2, expand_fold<Fold::kExistsOne, false, 0>},
      {"map", MacroStyle::kReceiver, 2, expand_fold<Fold::kList, false, 0>},
      {"map", MacroStyle::kReceiver, 3, expand_fold<Fold::kList, false, 1>},
      {"filter", MacroStyle::kReceiver, 2, expand_filter},
  };
  return macros;
}

const Macros& two_variable_macros() {
  static const Macros macros = {
      {"all", MacroStyle::kReceiver, 3, expand_fold<Fold::kAll, true, 0>},
      {"exists", MacroStyle::kReceiver, 3, expand_fold<Fold::kExists, true, 0>},
      {"existsOne", MacroStyle::kReceiver, 3, expand_fold<Fold::kExistsOne, true, 0>},
      {"exists_one", MacroStyle::kReceiver, 3, expand_fold<Fold::kExistsOne, true, 0>},
      {"transformList", MacroStyle::kReceiver, 3, expand_fold<Fold::kList, true, 0>},
      {"transformList", MacroStyle::kReceiver, 4, expand_fold<Fold::kList, true, 1>},
      {"transformMap", MacroStyle::kReceiver, 3, expand_fold<Fold::kMap, true, 0>},
      {"transformMap", MacroStyle::kReceiver, 4, expand_fold<Fold::kMap, true, 1>},
      {"transformMapEntry", MacroStyle::kReceiver, 3, expand_fold<Fold::kMapEntries, true, 0>},
      {"transformMapEntry", MacroStyle::kReceiver, 4, expand_fold<Fold::kMapEntries, true, 1>},
  };
  return macros;
}

const Macros& optional_macros() {
  static const Macros macros = {
      {"optMap", MacroStyle::kReceiver, 2, [](const MacroCall& c) { return expand_optional(c, false); }},
      {"optFlatMap", MacroStyle::kReceiver, 2, [](const MacroCall& c) { return expand_optional(c, true); }},
  };
  return macros;
}

const Macros& binding_macros() {
  static const Macros macros = {{"bind", MacroStyle::kReceiver, 3, expand_bind}};
  return macros;
}

const Macros& block_macros() {
  static const Macros macros = {
      {"block", MacroStyle::kReceiver, 2, expand_block},
      {"index", MacroStyle::kReceiver, 1, expand_index},
      {"iterVar", MacroStyle::kReceiver, 2, expand_iter_var},
  };
  return macros;
}

const Macros& math_macros() {
  static const Macros macros = {
      {"greatest", MacroStyle::kReceiver, Macro::kAnyCount, expand_greatest},
      {"least", MacroStyle::kReceiver, Macro::kAnyCount, expand_least},
  };
  return macros;
}

}  // namespace plinth::cel
