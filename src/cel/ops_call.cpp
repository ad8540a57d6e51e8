#include <algorithm>

#include "cel/arithmetic.h"
#include "cel/cost.h"
#include "cel/op.h"

namespace plinth::cel {
namespace {

constexpr std::uint32_t bit(Kind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr std::uint32_t kAnyKind = 0xffffffff;

std::uint32_t kinds_of(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return bit(Kind::kNull);
    case TypeKind::kBool:
      return bit(Kind::kBool);
    case TypeKind::kInt:
      return bit(Kind::kInt);
    case TypeKind::kUint:
      return bit(Kind::kUint);
    case TypeKind::kDouble:
      return bit(Kind::kDouble);
    case TypeKind::kString:
      return bit(Kind::kString);
    case TypeKind::kBytes:
      return bit(Kind::kBytes);
    case TypeKind::kTimestamp:
      return bit(Kind::kTimestamp);
    case TypeKind::kDuration:
      return bit(Kind::kDuration);
    case TypeKind::kList:
      return bit(Kind::kList);
    case TypeKind::kMap:
    case TypeKind::kObject:
      return bit(Kind::kMap);
    case TypeKind::kType:
      return bit(Kind::kType);
    case TypeKind::kOpaque:
      return type.is_optional() ? bit(Kind::kOptional) : bit(Kind::kOpaque);
    case TypeKind::kWrapper:
      return kinds_of(type.element()) | bit(Kind::kNull);
    default:
      return kAnyKind;
  }
}

// Which overload fits is decided by the kinds of the arguments; of lists and maps the kind is all that is looked at.
struct Candidate {
  const Overload* overload;
  std::vector<std::uint32_t> kinds;

  explicit Candidate(const Overload* overload) : overload(overload) {
    for (const Type& type : overload->parameters) kinds.push_back(kinds_of(type));
  }

  bool fits(std::span<const Value> args) const {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if ((kinds[i] & bit(args[i].kind())) == 0) return false;
      const Type& type = overload->parameters[i];
      if (args[i].is(Kind::kOpaque) && type.is(TypeKind::kOpaque) && type.name() != args[i].as_opaque().type->name)
        return false;
    }
    return true;
  }
};

struct CallOp final : Op {
  CallOp(std::shared_ptr<const Function> function, std::vector<const Overload*> overloads, std::vector<OpPtr> args,
         Prepared prepared, std::uint32_t position)
      : Op(position), function(std::move(function)), args(std::move(args)), prepared(std::move(prepared)) {
    for (const Overload* overload : overloads) candidates.emplace_back(overload);
  }

  Value eval(Frame& frame) const override {
    constexpr std::size_t kOnStack = 4;
    Value on_stack[kOnStack];
    Value* values =
        args.size() <= kOnStack ? on_stack : static_cast<Value*>(frame.memory.allocate(args.size() * sizeof(Value)));
    for (std::size_t i = 0; i < args.size(); ++i) {
      values[i] = args[i]->eval(frame);
      if (values[i].is_error()) return values[i];
    }
    return call(frame, {values, args.size()});
  }

  Value call(Frame& frame, std::span<const Value> values) const {
    const Overload* overload = choose(values);
    if (overload == nullptr || overload->implementation == nullptr) {
      return located(no_such_overload(frame.memory, function->name, values), position);
    }
    CallContext context{frame.memory, *overload, prepared.get(), frame.zones, &frame.cost};
    Value result = overload->implementation(context, values);
    frame.cost = saturating_add(frame.cost, overload->cost == nullptr ? 1 : cost_of(*overload, values, result));
    if (frame.over_budget()) return over_budget_error(frame);
    return located(result, position);
  }

  static std::uint64_t cost_of(const Overload& overload, std::span<const Value> values, const Value& result) {
    constexpr std::size_t kSizesMax = 8;  // no function has more parameters whose size matters
    std::uint64_t sizes[kSizesMax] = {};
    for (std::size_t i = 0; i < std::min(values.size(), kSizesMax); ++i) sizes[i] = actual_size(values[i]);
    return overload.cost({sizes, kSizesMax}, actual_size(result));
  }

  const Overload* choose(std::span<const Value> values) const {
    for (const Candidate& candidate : candidates) {
      if (candidate.fits(values)) return candidate.overload;
    }
    return nullptr;
  }

  const std::shared_ptr<const Function> function;
  std::vector<Candidate> candidates;
  const std::vector<OpPtr> args;
  const Prepared prepared;
};

}  // namespace

OpPtr call_op(std::shared_ptr<const Function> function, std::vector<const Overload*> overloads, std::vector<OpPtr> args,
              Prepared prepared, std::uint32_t position) {
  return std::make_unique<CallOp>(std::move(function), std::move(overloads), std::move(args), std::move(prepared), position);
}

}  // namespace plinth::cel
