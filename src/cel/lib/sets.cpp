// cel-go's ext sets: lists as sets.
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

bool holds(const Value& list, const Value& item, Memory& memory) { return contains(item, list, memory).as_bool(); }

bool holds_all(const Value& list, const Value& items, Memory& memory) {
  List wanted(items);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!holds(list, wanted.at(i, memory), memory)) return false;
  }
  return true;
}

Value contains_all(CallContext& context, Args args) { return Value::of(holds_all(args[0], args[1], context.memory)); }

Value equivalent(CallContext& context, Args args) {
  return Value::of(holds_all(args[0], args[1], context.memory) && holds_all(args[1], args[0], context.memory));
}

Value intersects(CallContext& context, Args args) {
  List items(args[1]);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (holds(args[0], items.at(i, context.memory), context.memory)) return Value::of(true);
  }
  return Value::of(false);
}

template <std::uint64_t kFactor>
std::uint64_t cost_of_pairs(Sizes sizes, std::uint64_t) {
  return saturating_add(1, saturating_multiply(kFactor, saturating_multiply(sizes[0], sizes[1])));
}

}  // namespace

Library sets_library() {
  Library l("sets");
  const Type list = list_of_a(), b = Type::boolean();
  l.global("sets.contains", "list_sets_contains_list", {list, list}, b, contains_all).with_cost(cost_of_pairs<1>);
  l.global("sets.equivalent", "list_sets_equivalent_list", {list, list}, b, equivalent).with_cost(cost_of_pairs<2>);
  l.global("sets.intersects", "list_sets_intersects_list", {list, list}, b, intersects).with_cost(cost_of_pairs<1>);
  return l;
}

}  // namespace plinth::cel
