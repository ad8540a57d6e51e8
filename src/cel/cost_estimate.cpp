#include "cel/cost_estimate.h"

#include <algorithm>
#include <array>

#include "cel/parser.h"
#include "cel/program.h"

namespace plinth::cel {
namespace {

constexpr SizeRange kUnbounded = {0, kNoCostLimit};
constexpr SizeRange kNothing = {0, 0};

SizeRange fixed(std::uint64_t n) { return {n, n}; }
SizeRange sum(SizeRange a, SizeRange b) { return {saturating_add(a.min, b.min), saturating_add(a.max, b.max)}; }
SizeRange product(SizeRange a, SizeRange b) { return {saturating_multiply(a.min, b.min), saturating_multiply(a.max, b.max)}; }
SizeRange either(SizeRange a, SizeRange b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }
CostRange traversal(SizeRange size) { return {traversal_cost(size.min), traversal_cost(size.max)}; }

bool is_scalar(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kDouble:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kType:
    case TypeKind::kOpaque:
      return true;
    default:
      return false;
  }
}

// As cel-go keeps them: what is taken out of a value that is of no variable has a path too, of that step alone, so that hints
// take it for the variable itself.
using Path = std::vector<std::string>;

Path below(const Path& path, std::string_view step) {
  Path out = path;
  out.emplace_back(step);
  return out;
}

// What is known of a node.
struct Known {
  CostRange cost;
  Path path;
  std::optional<SizeRange> size;
  std::optional<SizeRange> key_size, value_size;  // of a container's elements
};

class Estimator {
 public:
  Estimator(const CheckedAst& checked, const SizeHints* hints)
      : checked_(checked), ast_(checked.ast), hints_(hints), locals_(checked.local_count) {}

  Known visit(NodeId id) {
    const Node& node = ast_.node(id);
    switch (node.kind) {
      case NodeKind::kLiteral:
        return {kNothing, {}, fixed(actual_size(node.value)), {}, {}};
      case NodeKind::kIdent:
        return ident(id);
      case NodeKind::kSelect:
        return select(id);
      case NodeKind::kCall:
        return call(id);
      case NodeKind::kList:
        return list(node);
      case NodeKind::kMap:
        return map(node, kMapCreationCost);
      case NodeKind::kStruct:
        return map(node, kStructCreationCost);
      case NodeKind::kComprehension:
        return comprehension(id);
      case NodeKind::kBind:
        return bind(id);
      case NodeKind::kBlock:
        return block(id);
      case NodeKind::kOptional:
        return optional_map(id);
    }
    return {};
  }

 private:
  // What is known without what was derived from the expression.
  std::optional<SizeRange> declared_size(const Path& path, const Type& type) const {
    if (hints_ != nullptr && !path.empty()) {
      if (auto size = hints_->size_of(path, type)) return size;
    }
    return is_scalar(type) ? std::optional(fixed(1)) : std::nullopt;
  }
  std::optional<SizeRange> known_size(const Known& known, NodeId id) const {
    return known.size ? known.size : declared_size(known.path, checked_.types[id]);
  }
  SizeRange size_of(const Known& known, NodeId id) const { return known_size(known, id).value_or(kUnbounded); }

  Known ident(NodeId id) {
    const Reference& reference = checked_.references[id];
    if (reference.kind != Reference::Kind::kLocal) return {fixed(1), {std::string(ast_.node(id).name)}, {}, {}, {}};
    Known known = locals_[reference.slot];
    known.cost = fixed(1);
    if (auto declared = declared_size(known.path, checked_.types[id])) known.size = declared;
    return known;
  }

  Known select(NodeId id) {
    const Node& node = ast_.node(id);
    if (checked_.references[id].kind != Reference::Kind::kNone) return {fixed(1), {ast_.qualified_name(id)}, {}, {}, {}};
    Known operand = visit(node.operand);
    if (node.test_only) return {operand.cost, {}, fixed(1), {}, {}};
    const Type& type = checked_.types[node.operand];
    const bool costs = type.is(TypeKind::kMap) || type.is(TypeKind::kObject) || type.is(TypeKind::kParam);
    return {costs ? sum(operand.cost, fixed(1)) : operand.cost, below(operand.path, node.name), {}, {}, {}};
  }

  Known list(const Node& node) {
    Known known{fixed(kListCreationCost), {}, fixed(node.child_count), fixed(1), {}};
    for (NodeId item : ast_.children(node)) {
      Known element = visit(item);
      known.cost = sum(known.cost, element.cost);
      SizeRange size = size_of(element, item);
      known.value_size = known.value_size ? either(*known.value_size, size) : size;
    }
    if (!known.value_size) known.value_size = kNothing;
    return known;
  }

  Known map(const Node& node, std::uint64_t base) {
    Known known{fixed(base), {}, fixed(node.child_count / 2), {}, {}};
    auto parts = ast_.children(node);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Known part = visit(parts[i]);
      known.cost = sum(known.cost, part.cost);
      auto& common = i % 2 == 0 ? known.key_size : known.value_size;
      SizeRange size = size_of(part, parts[i]);
      common = common ? either(*common, size) : size;
    }
    if (parts.empty()) known.key_size = known.value_size = kNothing;
    return known;
  }

  Known call(NodeId id) {
    const Node& node = ast_.node(id);
    std::vector<NodeId> parts;
    const Reference& reference = checked_.references[id];
    if (reference.with_receiver && node.operand != kNoNode) parts.push_back(node.operand);
    for (NodeId part : ast_.children(node)) parts.push_back(part);
    std::vector<Known> args;
    for (NodeId part : parts) args.push_back(visit(part));
    if (node.name == "_&&_" || node.name == "_||_") return logical(args);
    CostRange total = kNothing;
    for (const Known& arg : args) total = sum(total, arg.cost);
    Known known = parts.size() == 3 && node.name == "_?_:_" ? conditional(args, parts) : operation(id, node, args, parts);
    if (node.name != "_?_:_") known.cost = sum(known.cost, total);
    return known;
  }

  // The first term is evaluated in any case.
  static Known logical(const std::vector<Known>& terms) {
    Known known{terms.front().cost, {}, fixed(1), {}, {}};
    for (std::size_t i = 1; i < terms.size(); ++i) known.cost.max = saturating_add(known.cost.max, terms[i].cost.max);
    return known;
  }

  Known conditional(const std::vector<Known>& args, const std::vector<NodeId>& parts) const {
    Known known;
    known.cost = sum(args[0].cost, either(args[1].cost, args[2].cost));
    known.size = either(size_of(args[1], parts[1]), size_of(args[2], parts[2]));
    if (args[1].value_size && args[2].value_size) known.value_size = either(*args[1].value_size, *args[2].value_size);
    if (args[1].key_size && args[2].key_size) known.key_size = either(*args[1].key_size, *args[2].key_size);
    return known;
  }

  Known operation(NodeId id, const Node& node, const std::vector<Known>& args, const std::vector<NodeId>& parts) const {
    if (parts.size() == 2) {
      SizeRange left = size_of(args[0], parts[0]), right = size_of(args[1], parts[1]);
      if (node.name == "_[_]") return element(args[0], checked_.types[parts[0]]);
      if (node.name == "_+_") return addition(checked_.types[id], args, sum(left, right));
      if (node.name == "@in")
        return {checked_.types[parts[1]].is(TypeKind::kList) ? right : either(right, fixed(1)), {}, fixed(1), {}, {}};
      if (is_comparison(node.name)) {
        std::uint64_t smallest = std::min(left.max, right.max);
        return {traversal({smallest > 0 ? 1u : 0u, smallest}), {}, fixed(1), {}, {}};
      }
    }
    if (node.name == "dyn" && args.size() == 1)
      return {fixed(1), {}, known_size(args[0], parts[0]), args[0].key_size, args[0].value_size};
    return function(id, args, parts);
  }

  static bool is_comparison(std::string_view name) {
    return name == "_==_" || name == "_!=_" || name == "_<_" || name == "_<=_" || name == "_>_" || name == "_>=_";
  }

  static Known element(const Known& container, const Type& type) {
    return {fixed(1), below(container.path, type.is(TypeKind::kMap) ? "@values" : "@items"), container.value_size, {}, {}};
  }

  static Known addition(const Type& type, const std::vector<Known>& args, SizeRange size) {
    bool text = type.is(TypeKind::kString) || type.is(TypeKind::kBytes);
    if (!text && !type.is(TypeKind::kList) && !type.is_dyn()) return {fixed(1), {}, {}, {}, {}};
    Known known{text || type.is_dyn() ? traversal(size) : fixed(1), {}, size, {}, {}};
    if (args[0].value_size && args[1].value_size) known.value_size = either(*args[0].value_size, *args[1].value_size);
    return known;
  }

  // Of a list that no variable holds it is not known, even where the list is written there.
  SizeRange items_size(const Known& container, NodeId id) const {
    const Type& type = checked_.types[id];
    if (!type.is(TypeKind::kList) || container.path.empty()) return kUnbounded;
    return declared_size(below(container.path, "@items"), type.element()).value_or(kUnbounded);
  }

  std::optional<std::int64_t> constant_integer(NodeId id) const {
    const Node& node = ast_.node(id);
    const bool is_integer = node.kind == NodeKind::kLiteral && node.value.is(Kind::kInt);
    return is_integer ? std::optional(node.value.as_int()) : std::nullopt;
  }

  // By the sizes of the arguments at their least and at their most.
  static CallEstimate by_cost(const Overload& overload, std::span<const SizeRange> sizes) {
    constexpr std::size_t kSizesMax = 8;
    std::array<std::uint64_t, kSizesMax> least{}, most{};
    for (std::size_t i = 0; i < std::min(sizes.size(), kSizesMax); ++i) {
      least[i] = sizes[i].min;
      most[i] = sizes[i].max;
    }
    CallEstimate out{fixed(1), {}};
    if (overload.result_size == ResultSize::kOfFirst) out.result = SizeRange{least[0], most[0]};
    if (overload.result_size == ResultSize::kUpToFirst) out.result = SizeRange{0, most[0]};
    if (overload.cost == nullptr) return out;
    // Where nothing is known of a result, it is taken to be as large as the largest argument.
    const SizeRange assumed = out.result.value_or(SizeRange{0, *std::max_element(most.begin(), most.end())});
    out.cost = {overload.cost(least, assumed.min), overload.cost(most, assumed.max)};
    return out;
  }

  Known function(NodeId id, const std::vector<Known>& args, const std::vector<NodeId>& parts) const {
    std::vector<SizeRange> sizes;
    for (std::size_t i = 0; i < args.size(); ++i) sizes.push_back(size_of(args[i], parts[i]));
    CallSizes call{sizes, kUnbounded, false, {}};
    if (!args.empty()) {
      const Type& first = checked_.types[parts.front()];
      call.has_texts =
          first.is(TypeKind::kList) && (first.element().is(TypeKind::kString) || first.element().is(TypeKind::kBytes));
      call.items = items_size(args.front(), parts.front());
      call.number = constant_integer(parts.back());
    }
    Known known{fixed(1), {}, {}, {}, {}};
    std::optional<CostRange> cost;
    for (const Overload* overload : checked_.references[id].overloads) {
      const CallEstimate one = overload->estimate != nullptr ? overload->estimate(call) : by_cost(*overload, sizes);
      cost = cost ? either(*cost, one.cost) : one.cost;
      if (one.result) known.size = known.size ? either(*known.size, *one.result) : *one.result;
    }
    if (cost) known.cost = *cost;
    return known;
  }

  // The variables of a loop over `range`.
  void bind_elements(const Node& node, std::uint32_t slot, const Known& range, const Type& type) {
    const bool is_list = type.is(TypeKind::kList);
    Known value{fixed(1), below(range.path, is_list ? "@items" : "@values"), range.value_size, {}, {}};
    if (node.name2.empty() && is_list) {
      locals_[slot] = value;
      return;
    }
    locals_[slot] = {fixed(1), below(range.path, is_list ? "@indices" : "@keys"), range.key_size, {}, {}};
    if (!node.name2.empty()) locals_[slot + 1] = value;
  }

  // Costs per turn and once, beyond the predicate or transform: those of the loops that the macros stand for.
  struct FoldCost {
    std::uint64_t turn, once;
  };
  static FoldCost fold_cost(Fold fold) {
    switch (fold) {
      case Fold::kAll:
        return {3, 1};
      case Fold::kExists:
        return {4, 1};
      case Fold::kExistsOne:
        return {2, 2};
      case Fold::kList:
        return {2 + kListCreationCost, kListCreationCost + 1};
      default:
        return {3, kMapCreationCost + 1};
    }
  }

  Known comprehension(NodeId id) {
    const Node& node = ast_.node(id);
    Known range = visit(node.operand);
    const Type& type = checked_.types[node.operand];
    bind_elements(node, checked_.slots[id], range, type);
    auto parts = ast_.children(node);
    FoldCost base = fold_cost(node.fold);
    CostRange turn = fixed(base.turn);
    if (node.has_filter) turn = sum(visit(parts[0]).cost, {1, base.turn});
    NodeId body = parts[node.has_filter ? 1 : 0];
    Known made = visit(body);
    turn = sum(turn, node.has_filter ? CostRange{0, made.cost.max} : made.cost);
    SizeRange count = size_of(range, node.operand);
    Known known{sum(sum(range.cost, fixed(base.once)), product(count, turn)), {}, {}, {}, {}};
    if (node.fold == Fold::kAll || node.fold == Fold::kExists || node.fold == Fold::kExistsOne) {
      known.size = fixed(1);
      return known;
    }
    known.size = SizeRange{node.has_filter ? 0 : count.min, count.max};
    if (node.fold == Fold::kList) {
      known.key_size = fixed(1);
      known.value_size = size_of(made, body);
    }
    return known;
  }

  Known bind(NodeId id) {
    auto parts = ast_.children(id);
    Known init = visit(parts[0]);
    locals_[checked_.slots[id]] = init;
    if (!locals_[checked_.slots[id]].size) locals_[checked_.slots[id]].size = size_of(init, parts[0]);
    Known body = visit(parts[1]);
    body.cost = sum(body.cost, sum(init.cost, fixed(kListCreationCost)));
    return body;
  }

  // Slots are evaluated at most once each.
  Known block(NodeId id) {
    auto parts = ast_.children(id);
    std::uint64_t slots = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      Known known = visit(parts[i]);
      slots = saturating_add(slots, known.cost.max);
      if (!known.size) known.size = size_of(known, parts[i]);
      locals_[checked_.slots[id] + i] = known;
    }
    Known body = visit(parts.back());
    body.cost.max = saturating_add(body.cost.max, slots);
    return body;
  }

  Known optional_map(NodeId id) {
    const Node& node = ast_.node(id);
    Known target = visit(node.operand);
    locals_[checked_.slots[id]] = target;
    Known body = visit(ast_.children(id)[0]);
    CostRange mapped{0, saturating_add(body.cost.max, kListCreationCost + 1)};
    return {sum(sum(target.cost, fixed(2)), mapped), {}, body.size, body.key_size, body.value_size};
  }

  const CheckedAst& checked_;
  const Ast& ast_;
  const SizeHints* hints_;
  std::vector<Known> locals_;  // by slot
};

}  // namespace

CostRange estimate_cost(const CheckedAst& checked, const SizeHints* hints) {
  return Estimator(checked, hints).visit(checked.ast.root()).cost;
}

Result<CostRange> estimate_cost(std::string_view expression, const Environment& environment, const SizeHints* hints) {
  ParseOptions parsing;
  parsing.macros = environment.macros();
  parsing.optional_syntax = environment.settings().optional_syntax;
  Ast ast = TRY(parse(expression, parsing));
  CheckedAst checked = TRY(check(std::move(ast), environment));
  return estimate_cost(checked, hints);
}

}  // namespace plinth::cel
