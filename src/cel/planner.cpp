#include "cel/planner.h"

#include <algorithm>

#include <fmt/core.h>

#include "cel/cost.h"
#include "cel/source.h"

namespace plinth::cel {
namespace {

class Planner {
 public:
  Planner(const CheckedAst& checked, const Environment& environment, Memory& memory)
      : checked_(checked), ast_(checked.ast), environment_(environment), memory_(memory), constant_(checked.ast.size()) {}

  OpPtr plan(NodeId id) {
    const Node& node = ast_.node(id);
    const Reference& reference = checked_.references[id];
    if (reference.kind == Reference::Kind::kConstant) return constant_op(copied(reference.constant), 1, node.position);
    switch (node.kind) {
      case NodeKind::kLiteral:
        return constant_op(copied(node.value), 0, node.position);
      case NodeKind::kIdent:
        return ident(node, reference);
      case NodeKind::kSelect:
        return select(id);
      case NodeKind::kCall:
        return call(id);
      case NodeKind::kList:
        return list(node);
      case NodeKind::kMap:
        return map(node, kMapCreationCost);
      case NodeKind::kStruct:
        return structure(node, reference);
      case NodeKind::kComprehension:
        return fold(id);
      case NodeKind::kBind:
        return bind(id);
      case NodeKind::kBlock:
        return block(id);
      case NodeKind::kOptional:
        return optional_map(id);
    }
    return nullptr;
  }

  Issues& issues() { return issues_; }

 private:
  // The tree is gone when the program runs.
  Value copied(const Value& value) {
    switch (value.kind()) {
      case Kind::kString:
        return Value::string(memory_.copy(value.as_string()));
      case Kind::kBytes:
        return Value::bytes(memory_.copy(value.as_string()));
      case Kind::kType:
        return Value::type(memory_.copy(value.as_string()));
      default:
        return value;
    }
  }

  OpPtr ident(const Node& node, const Reference& reference) {
    switch (reference.kind) {
      case Reference::Kind::kVariable:
        return variable_op(reference.slot, environment_.variables()[reference.slot].name, node.position);
      case Reference::Kind::kLocal:
        if (reference.slot < block_slots_.size() && block_slots_[reference.slot] != nullptr) {
          return block_slot_op(reference.slot, block_slots_[reference.slot], node.position);
        }
        return local_op(reference.slot, node.position);
      default:
        return error_op(
            fmt::format("undeclared reference to '{}' (in container '{}')", node.name, environment_.settings().container),
            node.position);
    }
  }

  OpPtr select(NodeId id) {
    NodeId at = id;
    while (is_plain_select(at)) at = ast_.node(at).operand;
    const Reference& root = checked_.references[at];
    if (root.kind == Reference::Kind::kVariable) return path(id, at, root.slot);
    const Node& node = ast_.node(id);
    Selection selection = node.test_only ? Selection::kTest : node.optional ? Selection::kOptional : Selection::kPlain;
    return folded(select_op(child(node.operand), std::string(node.name), selection, node.position), {node.operand});
  }

  // The selects from `root`, a variable, up to `id`.
  OpPtr path(NodeId id, NodeId root, std::uint32_t slot) {
    const std::string& name = environment_.variables()[slot].name;
    if (id == root) return variable_op(slot, name, ast_.node(root).position);
    std::vector<std::string> fields;
    for (NodeId at = id; at != root; at = ast_.node(at).operand) fields.emplace_back(ast_.node(at).name);
    std::reverse(fields.begin(), fields.end());
    return path_op(slot, name, std::move(fields), ast_.node(id).position);
  }

  bool is_plain_select(NodeId id) const {
    const Node& node = ast_.node(id);
    return node.kind == NodeKind::kSelect && checked_.references[id].kind == Reference::Kind::kNone && !node.test_only &&
           !node.optional;
  }

  // An operation whose parts are constants is evaluated now, unless that is an error: errors are for the evaluation.
  OpPtr folded(OpPtr op, std::span<const NodeId> parts) {
    for (NodeId part : parts) {
      if (!constant_[part]) return op;
    }
    Frame frame{memory_, nullptr, 0, nullptr, nullptr, kFoldCostMax, nullptr};
    Value value = op->eval(frame);
    if (value.is_error() || value.is(Kind::kAbsent)) return op;
    return constant_op(value, frame.cost, op->position);
  }
  OpPtr folded(OpPtr op, std::initializer_list<NodeId> parts) {
    return folded(std::move(op), std::span<const NodeId>(parts.begin(), parts.size()));
  }

  OpPtr child(NodeId id) {
    OpPtr op = plan(id);
    constant_[id] = op->constant() != nullptr;
    return op;
  }

  OpPtr call(NodeId id) {
    const Node& node = ast_.node(id);
    auto parts = ast_.children(node);
    if (node.operand == kNoNode || checked_.references[id].kind != Reference::Kind::kFunction) {
      if (OpPtr op = operator_call(node, parts)) return op;
    }
    return function_call(id);
  }

  std::vector<OpPtr> children(std::span<const NodeId> parts) {
    std::vector<OpPtr> ops;
    for (NodeId part : parts) ops.push_back(child(part));
    return ops;
  }

  OpPtr operator_call(const Node& node, std::span<const NodeId> parts) {
    if (node.name == "_&&_") return and_op(children(parts), node.position);
    if (node.name == "_||_") return or_op(children(parts), node.position);
    if (parts.size() == 3 && node.name == "_?_:_") {
      OpPtr condition = child(parts[0]), then = child(parts[1]);
      return conditional_op(std::move(condition), std::move(then), child(parts[2]), node.position);
    }
    if (parts.size() == 1 && node.name == "!_") return folded(not_op(child(parts[0]), node.position), parts);
    if (parts.size() == 1 && node.name == "-_") return folded(negate_op(child(parts[0]), node.position), parts);
    if (parts.size() != 2) return nullptr;
    if (node.name == "_[_]" || node.name == "_[?_]") {
      OpPtr container = child(parts[0]);
      OpPtr key = child(parts[1]);
      return folded(index_op(std::move(container), std::move(key), node.name == "_[?_]", node.position), parts);
    }
    if (node.name[0] != '_' && node.name[0] != '@') return nullptr;
    OpPtr left = child(parts[0]);
    OpPtr right = child(parts[1]);
    OpPtr op = binary_op(node.name, std::move(left), std::move(right), node.position);
    return op == nullptr ? nullptr : folded(std::move(op), parts);
  }

  OpPtr function_call(NodeId id) {
    const Node& node = ast_.node(id);
    const Reference& reference = checked_.references[id];
    if (reference.kind != Reference::Kind::kFunction)
      return error_op(fmt::format("unbound function: {}", node.name), node.position);
    std::vector<NodeId> parts;
    if (reference.with_receiver) parts.push_back(node.operand);
    for (NodeId part : ast_.children(node)) parts.push_back(part);
    std::vector<OpPtr> args = children(parts);
    if (reference.with_receiver && parts.size() == 2 && (node.name == "or" || node.name == "orValue") &&
        is_optional_call(reference)) {
      return optional_or_op(std::move(args[0]), std::move(args[1]), node.name == "orValue", node.position);
    }
    Prepared prepared = reference.overloads.size() == 1 ? prepare(*reference.overloads.front(), node.name, args) : nullptr;
    bool pure = true, validate = false;
    for (const Overload* overload : reference.overloads) {
      pure = pure && overload->pure && overload->implementation != nullptr;
      validate = validate || overload->validate_constants;
    }
    std::uint32_t position = node.position;
    OpPtr op = call_op(reference.function, reference.overloads, std::move(args), std::move(prepared), position);
    if (!pure) return op;
    if (validate && environment_.settings().validate_constants) validate_call(*op, node.name, parts);
    return folded(std::move(op), parts);
  }

  static bool is_optional_call(const Reference& reference) {
    return !reference.overloads.empty() && reference.overloads.front()->id.rfind("optional_or", 0) == 0;
  }

  void validate_call(const Op& op, std::string_view name, std::span<const NodeId> parts) {
    for (NodeId part : parts) {
      if (!constant_[part]) return;
    }
    Frame frame{memory_, nullptr, 0, nullptr, nullptr, kFoldCostMax, nullptr};
    Value value = op.eval(frame);
    if (value.is_error())
      issues_.add(ast_.node(parts.back()).position, fmt::format("invalid {} argument: {}", name, value.as_error().message));
  }

  Prepared prepare(const Overload& overload, std::string_view name, const std::vector<OpPtr>& args) {
    if (overload.prepare == nullptr) return nullptr;
    auto at = static_cast<std::size_t>(overload.prepared_argument);
    const Value* constant = at < args.size() ? args[at]->constant() : nullptr;
    if (constant == nullptr) return nullptr;
    auto prepared = overload.prepare(*constant);
    if (prepared.ok()) return std::move(prepared).value();
    if (environment_.settings().validate_constants) {
      issues_.add(args[at]->position, fmt::format("invalid {} argument: {}", name, prepared.error().message()));
    }
    return nullptr;
  }

  OpPtr list(const Node& node) {
    std::vector<Element> items;
    auto parts = ast_.children(node);
    for (std::size_t i = 0; i < parts.size(); ++i) items.push_back({child(parts[i]), ast_.marked(node, i)});
    return folded(list_op(std::move(items), node.position), parts);
  }

  OpPtr map(const Node& node, std::uint64_t cost) {
    std::vector<OpPtr> keys;
    std::vector<Element> values;
    auto parts = ast_.children(node);
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
      keys.push_back(child(parts[i]));
      values.push_back({child(parts[i + 1]), ast_.marked(node, i)});
    }
    return folded(map_op(std::move(keys), std::move(values), cost, node.position), parts);
  }

  OpPtr structure(const Node& node, const Reference& reference) {
    if (reference.kind == Reference::Kind::kUnresolved)
      return error_op(fmt::format("unknown type: {}", node.name), node.position);
    return map(node, kStructCreationCost);
  }

  OpPtr fold(NodeId id) {
    const Node& node = ast_.node(id);
    auto parts = ast_.children(node);
    FoldParts fold{node.fold, child(node.operand), nullptr, nullptr, checked_.slots[id], !node.name2.empty()};
    if (node.has_filter) fold.filter = child(parts[0]);
    fold.body = child(parts[node.has_filter ? 1 : 0]);
    return fold_op(std::move(fold), node.position);
  }

  OpPtr bind(NodeId id) {
    const Node& node = ast_.node(id);
    auto parts = ast_.children(node);
    OpPtr init = child(parts[0]);
    return bind_op(checked_.slots[id], std::move(init), child(parts[1]), node.position);
  }

  OpPtr block(NodeId id) {
    const Node& node = ast_.node(id);
    auto parts = ast_.children(node);
    std::uint32_t first = checked_.slots[id];
    std::size_t count = parts.size() - 1;
    block_slots_.resize(std::max<std::size_t>(block_slots_.size(), first + count));
    std::vector<OpPtr> slots;
    for (std::size_t i = 0; i < count; ++i) {
      slots.push_back(child(parts[i]));
      block_slots_[first + i] = slots.back().get();
    }
    OpPtr body = child(parts.back());
    for (std::size_t i = 0; i < count; ++i) block_slots_[first + i] = nullptr;
    return block_op(first, std::move(slots), std::move(body), node.position);
  }

  OpPtr optional_map(NodeId id) {
    const Node& node = ast_.node(id);
    OpPtr target = child(node.operand);
    return optional_map_op(checked_.slots[id], std::move(target), child(ast_.children(node)[0]), node.flat, node.position);
  }

  static constexpr std::uint64_t kFoldCostMax = 100'000;

  const CheckedAst& checked_;
  const Ast& ast_;
  const Environment& environment_;
  Memory& memory_;
  Issues issues_;
  std::vector<bool> constant_;          // by node
  std::vector<const Op*> block_slots_;  // by local slot: what defines it, where it belongs to a block
};

}  // namespace

Result<OpPtr> plan(const CheckedAst& checked, const Environment& environment, Memory& memory) {
  Planner planner(checked, environment, memory);
  OpPtr op = planner.plan(checked.ast.root());
  if (!planner.issues().empty()) return planner.issues().error(checked.ast.source());
  return op;
}

}  // namespace plinth::cel
