#include "cel/arithmetic.h"
#include "cel/cost.h"
#include "cel/op.h"

namespace plinth::cel {
namespace {

Value not_a_bool(Frame& frame, std::string_view function, const Value& value, std::uint32_t position) {
  return located(no_such_overload(frame.memory, function, {&value, 1}), position);
}

struct NotOp final : Op {
  NotOp(OpPtr operand, std::uint32_t position) : Op(position), operand(std::move(operand)) {}
  Value eval(Frame& frame) const override {
    Value value = operand->eval(frame);
    frame.cost += 1;
    if (value.is(Kind::kBool)) return Value::of(!value.as_bool());
    if (value.is_error()) return value;
    return not_a_bool(frame, "!_", value, position);
  }
  const OpPtr operand;
};

struct NegateOp final : Op {
  NegateOp(OpPtr operand, std::uint32_t position) : Op(position), operand(std::move(operand)) {}
  Value eval(Frame& frame) const override {
    Value value = operand->eval(frame);
    frame.cost += 1;
    if (value.is_error()) return value;
    return located(negate(value, frame.memory), position);
  }
  const OpPtr operand;
};

// && stops at false, || at true; an error counts only when nothing stops.
template <bool kStop>
struct LogicOp final : Op {
  LogicOp(std::vector<OpPtr> terms, std::uint32_t position) : Op(position), terms(std::move(terms)) {}
  Value eval(Frame& frame) const override {
    Value failure;
    bool failed = false;
    for (const OpPtr& term : terms) {
      Value value = term->eval(frame);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() == kStop) return value;
        continue;
      }
      if (value.is_error() && value.as_error().fatal) return value;
      if (failed) continue;
      failed = true;
      failure = value.is_error() ? value : not_a_bool(frame, kStop ? "_||_" : "_&&_", value, position);
    }
    return failed ? failure : Value::of(!kStop);
  }
  const std::vector<OpPtr> terms;
};

struct ConditionalOp final : Op {
  ConditionalOp(OpPtr condition, OpPtr then, OpPtr otherwise, std::uint32_t position)
      : Op(position), condition(std::move(condition)), then(std::move(then)), otherwise(std::move(otherwise)) {}
  Value eval(Frame& frame) const override {
    Value value = condition->eval(frame);
    if (value.is(Kind::kBool)) return value.as_bool() ? then->eval(frame) : otherwise->eval(frame);
    if (value.is_error()) return value;
    return not_a_bool(frame, "_?_:_", value, position);
  }
  const OpPtr condition, then, otherwise;
};

using Binary = Value (*)(Frame& frame, const Value& a, const Value& b);

template <Binary kRun>
struct BinaryOp final : Op {
  BinaryOp(OpPtr left, OpPtr right, std::uint32_t position) : Op(position), left(std::move(left)), right(std::move(right)) {}
  Value eval(Frame& frame) const override {
    Value a = left->eval(frame);
    if (a.is_error()) return a;
    Value b = right->eval(frame);
    if (b.is_error()) return b;
    Value result = kRun(frame, a, b);
    if (frame.over_budget()) return over_budget_error(frame);
    return located(result, position);
  }
  const OpPtr left, right;
};

Value run_add(Frame& frame, const Value& a, const Value& b) {
  std::int64_t sum = 0;
  if (a.is(Kind::kInt) && b.is(Kind::kInt) && !__builtin_add_overflow(a.as_int(), b.as_int(), &sum)) {
    frame.cost += 1;
    return Value::of(sum);
  }
  bool text = a.is(Kind::kString) || a.is(Kind::kBytes);
  frame.cost += text ? traversal_cost(actual_size(a) + actual_size(b)) : 1;
  return add(a, b, frame.memory);
}

template <Value (*kArithmetic)(const Value&, const Value&, Memory&)>
Value run_arithmetic(Frame& frame, const Value& a, const Value& b) {
  frame.cost += 1;
  return kArithmetic(a, b, frame.memory);
}

std::uint64_t comparison_cost(const Value& a, const Value& b) {
  if (a.kind() < Kind::kString || b.kind() < Kind::kString) return 1;
  return traversal_cost(std::min(actual_size(a), actual_size(b)));
}

template <bool kEqual>
Value run_equal(Frame& frame, const Value& a, const Value& b) {
  frame.cost += comparison_cost(a, b);
  if (a.is(Kind::kAbsent) || b.is(Kind::kAbsent)) return make_error(frame.memory, "no such attribute");
  return Value::of(equal(a, b, frame.memory) == kEqual);
}

enum class Relation : std::uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual };

template <Relation kRelation>
constexpr std::string_view relation_name() {
  switch (kRelation) {
    case Relation::kLess:
      return "_<_";
    case Relation::kLessEqual:
      return "_<=_";
    case Relation::kGreater:
      return "_>_";
    default:
      return "_>=_";
  }
}

template <Relation kRelation>
bool holds(Ordering order) {
  if (kRelation == Relation::kLess) return order == Ordering::kLess;
  if (kRelation == Relation::kGreater) return order == Ordering::kGreater;
  if (order == Ordering::kEqual) return true;
  return order == (kRelation == Relation::kLessEqual ? Ordering::kLess : Ordering::kGreater);
}

template <Relation kRelation>
Value run_relation(Frame& frame, const Value& a, const Value& b) {
  frame.cost += comparison_cost(a, b);
  Ordering order = compare(a, b);
  if (order == Ordering::kMismatch) {
    Value args[] = {a, b};
    return no_such_overload(frame.memory, relation_name<kRelation>(), args);
  }
  return Value::of(holds<kRelation>(order));
}

Value run_in(Frame& frame, const Value& item, const Value& container) {
  frame.cost += container.is(Kind::kList) ? actual_size(container) : 1;
  return contains(item, container, frame.memory);
}

struct BinaryRow {
  std::string_view function;
  OpPtr (*make)(OpPtr left, OpPtr right, std::uint32_t position);
};

template <Binary kRun>
OpPtr make_binary(OpPtr left, OpPtr right, std::uint32_t position) {
  return std::make_unique<BinaryOp<kRun>>(std::move(left), std::move(right), position);
}

constexpr BinaryRow kRows[] = {
    {"_+_", make_binary<run_add>},
    {"_-_", make_binary<run_arithmetic<subtract>>},
    {"_*_", make_binary<run_arithmetic<multiply>>},
    {"_/_", make_binary<run_arithmetic<divide>>},
    {"_%_", make_binary<run_arithmetic<modulo>>},
    {"_==_", make_binary<run_equal<true>>},
    {"_!=_", make_binary<run_equal<false>>},
    {"_<_", make_binary<run_relation<Relation::kLess>>},
    {"_<=_", make_binary<run_relation<Relation::kLessEqual>>},
    {"_>_", make_binary<run_relation<Relation::kGreater>>},
    {"_>=_", make_binary<run_relation<Relation::kGreaterEqual>>},
    {"@in", make_binary<run_in>},
};

}  // namespace

OpPtr not_op(OpPtr operand, std::uint32_t position) { return std::make_unique<NotOp>(std::move(operand), position); }
OpPtr negate_op(OpPtr operand, std::uint32_t position) { return std::make_unique<NegateOp>(std::move(operand), position); }
OpPtr and_op(std::vector<OpPtr> terms, std::uint32_t position) {
  return std::make_unique<LogicOp<false>>(std::move(terms), position);
}
OpPtr or_op(std::vector<OpPtr> terms, std::uint32_t position) {
  return std::make_unique<LogicOp<true>>(std::move(terms), position);
}
OpPtr conditional_op(OpPtr condition, OpPtr then, OpPtr otherwise, std::uint32_t position) {
  return std::make_unique<ConditionalOp>(std::move(condition), std::move(then), std::move(otherwise), position);
}

OpPtr binary_op(std::string_view function, OpPtr left, OpPtr right, std::uint32_t position) {
  for (const BinaryRow& row : kRows) {
    if (row.function == function) return row.make(std::move(left), std::move(right), position);
  }
  return nullptr;
}

}  // namespace plinth::cel
