// Comprehensions and bindings. Costs are those of the loops that the macros stand for in the reference implementation.
#include <fmt/core.h>

#include "cel/arithmetic.h"
#include "cel/cost.h"
#include "cel/op.h"

namespace plinth::cel {

Value over_budget_error(Frame& frame) { return fatal_error(frame.memory, "operation cancelled: actual cost limit exceeded"); }

bool must_stop(Frame& frame, Value* out) {
  if (frame.over_budget()) {
    *out = over_budget_error(frame);
    return true;
  }
  constexpr std::uint32_t kStepsBetweenChecks = 64;
  if (++frame.steps % kStepsBetweenChecks != 0) return false;
  if (frame.cancelled != nullptr && frame.cancelled->load(std::memory_order_relaxed)) {
    *out = fatal_error(frame.memory, "operation interrupted");
    return true;
  }
  if (!frame.memory.fits(0)) {
    *out = fatal_error(frame.memory, "operation cancelled: memory limit exceeded");
    return true;
  }
  return false;
}

namespace {

// The elements of a list, or the entries of a map, one after the other into the local slots.
class Elements {
 public:
  explicit Elements(const Value& range) : is_list_(range.is(Kind::kList)), list_(is_list_ ? range : empty()), map_(range) {
    size_ = is_list_ ? list_.size() : map_.size();
  }
  std::size_t size() const { return size_; }

  void load(Frame& frame, std::size_t i, std::uint32_t slot, bool two) const {
    if (is_list_) {
      if (two) frame.locals[slot] = Value::of(static_cast<std::int64_t>(i));
      frame.locals[slot + (two ? 1 : 0)] = list_.at(i, frame.memory);
      return;
    }
    MapEntry entry = map_.entry(i, frame.memory);
    frame.locals[slot] = entry.key;
    if (two) frame.locals[slot + 1] = entry.value;
  }

 private:
  static Value empty() {
    static const ListBody body{};
    return Value::list(&body);
  }
  bool is_list_;
  List list_;
  Map map_;
  std::size_t size_;
};

struct FoldOp : Op {
  FoldOp(FoldParts parts, std::uint32_t position) : Op(position), p(std::move(parts)) {}

  virtual Value run(Frame& frame, const Elements& elements) const = 0;

  Value eval(Frame& frame) const final {
    Value range = p.range->eval(frame);
    if (range.is_error()) return range;
    if (!range.is(Kind::kList) && !range.is(Kind::kMap)) {
      return located(make_error(frame.memory, fmt::format("got '{}', expected iterable type", type_name(range))), position);
    }
    return run(frame, Elements(range));
  }

  Value not_a_bool(Frame& frame, std::string_view function, const Value& value) const {
    return located(no_such_overload(frame.memory, function, {&value, 1}), position);
  }

  // Whether the filter lets the element pass; otherwise `out` may hold an error.
  bool passes(Frame& frame, Value* out) const {
    *out = Value();
    if (p.filter == nullptr) return true;
    Value keep = p.filter->eval(frame);
    if (!keep.is(Kind::kBool)) {
      *out = keep.is_error() ? keep : not_a_bool(frame, "_?_:_", keep);
      return false;
    }
    if (!keep.as_bool()) frame.cost += 1;
    return keep.as_bool();
  }

  const FoldParts p;
};

// all stops at the first false, exists at the first true; errors count only when nothing stops.
template <bool kStop>
struct QuantifierOp final : FoldOp {
  using FoldOp::FoldOp;
  Value run(Frame& frame, const Elements& elements) const override {
    constexpr std::uint64_t kTurnCost = kStop ? 4 : 3;
    Value failure;
    bool failed = false;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      frame.cost += kTurnCost;
      elements.load(frame, i, p.slot, p.two_variables);
      Value value = p.body->eval(frame);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() == kStop) {
          frame.cost += 1 + (i + 1 < elements.size() ? kTurnCost - 1 : 0);
          return value;
        }
      } else if (value.is_error() && value.as_error().fatal) {
        return value;
      } else if (!failed) {
        failed = true;
        failure = value.is_error() ? value : not_a_bool(frame, kStop ? "_||_" : "_&&_", value);
      }
      Value stop;
      if (must_stop(frame, &stop)) return stop;
    }
    frame.cost += 1;
    return failed ? failure : Value::of(!kStop);
  }
};

struct ExistsOneOp final : FoldOp {
  using FoldOp::FoldOp;
  Value run(Frame& frame, const Elements& elements) const override {
    std::size_t found = 0;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      elements.load(frame, i, p.slot, p.two_variables);
      Value value = p.body->eval(frame);
      if (!value.is(Kind::kBool)) return value.is_error() ? value : not_a_bool(frame, "_?_:_", value);
      frame.cost += value.as_bool() ? 2 : 1;
      if (value.as_bool()) ++found;
      Value stop;
      if (must_stop(frame, &stop)) return stop;
    }
    frame.cost += 2;
    return Value::of(found == 1);
  }
};

struct ListFoldOp final : FoldOp {
  using FoldOp::FoldOp;
  Value run(Frame& frame, const Elements& elements) const override {
    constexpr std::uint64_t kTurnCost = 2 + kListCreationCost;
    frame.cost += kListCreationCost + 1;
    if (!frame.memory.fits(elements.size() * sizeof(Value)))
      return fatal_error(frame.memory, "operation cancelled: memory limit exceeded");
    ListBody* out = new_list(frame.memory, elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      Value value;
      if (must_stop(frame, &value)) return value;
      elements.load(frame, i, p.slot, p.two_variables);
      if (!passes(frame, &value)) {
        if (value.is_error()) return value;
        continue;
      }
      frame.cost += kTurnCost;
      value = p.body->eval(frame);
      if (value.is_error()) return value;
      out->items[out->size++] = value;
    }
    return Value::list(out);
  }
};

struct MapFoldOp final : FoldOp {
  using FoldOp::FoldOp;
  Value run(Frame& frame, const Elements& elements) const override {
    constexpr std::uint64_t kTurnCost = 3;
    frame.cost += kMapCreationCost + 1;
    MapBuilder out(frame.memory, elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      Value value;
      if (must_stop(frame, &value)) return value;
      elements.load(frame, i, p.slot, true);
      Value key = frame.locals[p.slot];
      if (!passes(frame, &value)) {
        if (value.is_error()) return value;
        continue;
      }
      frame.cost += kTurnCost;
      value = p.body->eval(frame);
      if (value.is_error()) return value;
      if (!insert(frame, out, key, value, &value)) return value;
    }
    return Value::map(out.finish());
  }

  bool insert(Frame& frame, MapBuilder& out, const Value& key, const Value& value, Value* error) const {
    if (p.fold == Fold::kMap) {
      out.insert(key, value);
      return true;
    }
    if (!value.is(Kind::kMap)) {
      *error =
          located(make_error(frame.memory, fmt::format("cannot insert a value of type '{}' as map entries", type_name(value))),
                  position);
      return false;
    }
    Map entries(value);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      MapEntry entry = entries.entry(i, frame.memory);
      if (out.insert(entry.key, entry.value)) continue;
      *error =
          located(make_error(frame.memory, fmt::format("insert failed: key {} already exists", to_text(entry.key))), position);
      return false;
    }
    return true;
  }
};

struct BindOp final : Op {
  BindOp(std::uint32_t slot, OpPtr init, OpPtr body, std::uint32_t position)
      : Op(position), slot(slot), init(std::move(init)), body(std::move(body)) {}
  Value eval(Frame& frame) const override {
    frame.cost += kListCreationCost;
    Value value = init->eval(frame);
    if (value.is_error() && value.as_error().fatal) return value;
    frame.locals[slot] = value;  // an error counts where the variable is used
    return body->eval(frame);
  }
  const std::uint32_t slot;
  const OpPtr init, body;
};

struct BlockOp final : Op {
  BlockOp(std::uint32_t first, std::vector<OpPtr> slots, OpPtr body, std::uint32_t position)
      : Op(position), first(first), slots(std::move(slots)), body(std::move(body)) {}
  Value eval(Frame& frame) const override {
    for (std::size_t i = 0; i < slots.size(); ++i) frame.locals[first + i] = Value::absent();
    return body->eval(frame);
  }
  const std::uint32_t first;
  const std::vector<OpPtr> slots;  // evaluated by block_slot_op
  const OpPtr body;
};

struct BlockSlotOp final : Op {
  BlockSlotOp(std::uint32_t slot, const Op* definition, std::uint32_t position)
      : Op(position), slot(slot), definition(definition) {}
  Value eval(Frame& frame) const override {
    frame.cost += 1;
    Value& value = frame.locals[slot];
    if (value.is(Kind::kAbsent)) {
      Value made = definition->eval(frame);
      frame.locals[slot] = made;
    }
    return frame.locals[slot];
  }
  const std::uint32_t slot;
  const Op* definition;
};

struct OptionalMapOp final : Op {
  OptionalMapOp(std::uint32_t slot, OpPtr target, OpPtr body, bool flat, std::uint32_t position)
      : Op(position), slot(slot), target(std::move(target)), body(std::move(body)), flat(flat) {}
  Value eval(Frame& frame) const override {
    Value value = target->eval(frame);
    if (value.is_error()) return value;
    frame.cost += 2;
    if (!value.is(Kind::kOptional))
      return located(no_such_overload(frame.memory, flat ? "optFlatMap" : "optMap", {&value, 1}), position);
    const Value* inner = value.as_optional();
    if (inner == nullptr) return Value::none();
    frame.cost += kListCreationCost + 1;
    frame.locals[slot] = *inner;
    Value result = body->eval(frame);
    if (result.is_error() || flat) return result;
    return Value::optional(frame.memory.make<Value>(result));
  }
  const std::uint32_t slot;
  const OpPtr target, body;
  const bool flat;
};

struct OptionalOrOp final : Op {
  OptionalOrOp(OpPtr target, OpPtr other, bool unwrap, std::uint32_t position)
      : Op(position), target(std::move(target)), other(std::move(other)), unwrap(unwrap) {}
  Value eval(Frame& frame) const override {
    Value value = target->eval(frame);
    if (value.is_error()) return value;
    frame.cost += 1;
    if (!value.is(Kind::kOptional))
      return located(no_such_overload(frame.memory, unwrap ? "orValue" : "or", {&value, 1}), position);
    if (value.as_optional() == nullptr) return other->eval(frame);
    return unwrap ? *value.as_optional() : value;
  }
  const OpPtr target, other;
  const bool unwrap;
};

}  // namespace

OpPtr fold_op(FoldParts parts, std::uint32_t position) {
  switch (parts.fold) {
    case Fold::kAll:
      return std::make_unique<QuantifierOp<false>>(std::move(parts), position);
    case Fold::kExists:
      return std::make_unique<QuantifierOp<true>>(std::move(parts), position);
    case Fold::kExistsOne:
      return std::make_unique<ExistsOneOp>(std::move(parts), position);
    case Fold::kList:
      return std::make_unique<ListFoldOp>(std::move(parts), position);
    default:
      return std::make_unique<MapFoldOp>(std::move(parts), position);
  }
}

OpPtr bind_op(std::uint32_t slot, OpPtr init, OpPtr body, std::uint32_t position) {
  return std::make_unique<BindOp>(slot, std::move(init), std::move(body), position);
}
OpPtr block_op(std::uint32_t first_slot, std::vector<OpPtr> slots, OpPtr body, std::uint32_t position) {
  return std::make_unique<BlockOp>(first_slot, std::move(slots), std::move(body), position);
}
OpPtr block_slot_op(std::uint32_t slot, const Op* definition, std::uint32_t position) {
  return std::make_unique<BlockSlotOp>(slot, definition, position);
}
OpPtr optional_map_op(std::uint32_t slot, OpPtr target, OpPtr body, bool flat, std::uint32_t position) {
  return std::make_unique<OptionalMapOp>(slot, std::move(target), std::move(body), flat, position);
}
OpPtr optional_or_op(OpPtr target, OpPtr other, bool unwrap, std::uint32_t position) {
  return std::make_unique<OptionalOrOp>(std::move(target), std::move(other), unwrap, position);
}

}  // namespace plinth::cel
