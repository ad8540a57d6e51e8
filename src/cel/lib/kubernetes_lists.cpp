// Kubernetes' list functions.
#include <fmt/core.h>

#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

Value is_sorted(CallContext& context, Args args) {
  List list(args[0]);
  for (std::size_t i = 1; i < list.size(); ++i) {
    Value pair[] = {list.at(i - 1, context.memory), list.at(i, context.memory)};
    Ordering order = compare(pair[0], pair[1]);
    if (order == Ordering::kMismatch) return no_such_overload(context.memory, "isSorted", pair);
    if (order == Ordering::kGreater) return Value::of(false);
  }
  return Value::of(true);
}

Value zero_of(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kUint:
      return Value::of(std::uint64_t{0});
    case TypeKind::kDouble:
      return Value::of(0.0);
    case TypeKind::kDuration:
      return Value::of(TimeSpan{});
    default:
      return Value::of(0);
  }
}

Value sum(CallContext& context, Args args) {
  List list(args[0]);
  if (list.size() == 0) return zero_of(context.overload.result);
  Value total = list.at(0, context.memory);
  for (std::size_t i = 1; i < list.size() && !total.is_error(); ++i)
    total = add(total, list.at(i, context.memory), context.memory);
  return total;
}

template <Ordering kWanted>
Value extreme(CallContext& context, Args args) {
  constexpr std::string_view kName = kWanted == Ordering::kLess ? "min" : "max";
  List list(args[0]);
  if (list.size() == 0) return context.error(fmt::format("{} called on empty list", kName));
  Value best = list.at(0, context.memory);
  for (std::size_t i = 1; i < list.size(); ++i) {
    Value pair[] = {list.at(i, context.memory), best};
    Ordering order = compare(pair[0], pair[1]);
    if (order == Ordering::kMismatch) return no_such_overload(context.memory, kName, pair);
    if (order == kWanted) best = pair[0];
  }
  return best;
}

Value index_of(CallContext& context, Args args) {
  List list(args[0]);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (equal(list.at(i, context.memory), args[1], context.memory)) return Value::of(static_cast<std::int64_t>(i));
  }
  return Value::of(-1);
}

Value last_index_of(CallContext& context, Args args) {
  List list(args[0]);
  for (std::size_t i = list.size(); i-- > 0;) {
    if (equal(list.at(i, context.memory), args[1], context.memory)) return Value::of(static_cast<std::int64_t>(i));
  }
  return Value::of(-1);
}

// Of a list: holds it; of anything else: is it.
Value includes(CallContext& context, Args args) {
  if (args[0].is(Kind::kList)) return contains(args[1], args[0], context.memory);
  return Value::of(equal(args[0], args[1], context.memory));
}

std::uint64_t list_cost(Sizes sizes, std::uint64_t) { return sizes[0]; }

// Texts are compared character by character.
CallEstimate list_estimate(const CallSizes& sizes) {
  const auto cost = [&](std::uint64_t count, std::uint64_t length) {
    return saturating_multiply(count, sizes.has_texts ? saturating_add(1, traversal_cost(length)) : 1);
  };
  const SizeRange& list = sizes.arguments[0];
  return {{cost(list.min, sizes.items.min), cost(list.max, sizes.items.max)}, {}};
}

}  // namespace

Library kubernetes_lists_library() {
  Library l("kubernetes.lists");
  const std::pair<std::string_view, Type> ordered[] = {{"int", Type::integer()},       {"uint", Type::unsigned_integer()},
                                                       {"double", Type::floating()},   {"bool", Type::boolean()},
                                                       {"duration", Type::duration()}, {"timestamp", Type::timestamp()},
                                                       {"string", Type::string()},     {"bytes", Type::bytes()}};
  for (const auto& [name, type] : ordered) {
    const Type list = Type::list(type);
    bool summable =
        type.is(TypeKind::kInt) || type.is(TypeKind::kUint) || type.is(TypeKind::kDouble) || type.is(TypeKind::kDuration);
    l.member("isSorted", fmt::format("list_{}_is_sorted_bool", name), {list}, Type::boolean(), is_sorted)
        .with_cost(list_cost)
        .estimated(list_estimate);
    if (summable) l.member("sum", fmt::format("list_{0}_sum_{0}", name), {list}, type, sum).with_cost(list_cost);
    l.member("min", fmt::format("list_{0}_min_{0}", name), {list}, type, extreme<Ordering::kLess>)
        .with_cost(list_cost)
        .estimated(list_estimate);
    l.member("max", fmt::format("list_{0}_max_{0}", name), {list}, type, extreme<Ordering::kGreater>)
        .with_cost(list_cost)
        .estimated(list_estimate);
  }
  l.member("indexOf", "list_a_index_of_int", {list_of_a(), type_a()}, Type::integer(), index_of)
      .with_cost(list_cost)
      .estimated(list_estimate);
  l.member("lastIndexOf", "list_a_last_index_of_int", {list_of_a(), type_a()}, Type::integer(), last_index_of)
      .with_cost(list_cost)
      .estimated(list_estimate);
  l.member("includes", "list_includes_dyn_dyn", {Type::dyn(), Type::dyn()}, Type::boolean(), includes).with_cost(list_cost);
  return l;
}

}  // namespace plinth::cel
