// cel-go's ext lists.
#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

constexpr std::int64_t kRangeMax = 1'000'000;
constexpr int kFlattenDepthMax = 512;

Value slice(CallContext& context, Args args) {
  List list(args[0]);
  std::int64_t from = args[1].as_int(), to = args[2].as_int();
  std::string call = fmt::format("cannot slice({}, {})", from, to);
  if (from < 0 || to < 0) return context.error(call + ", negative indexes not supported");
  if (from > to) return context.error(call + ", start index must be less than or equal to end index");
  if (static_cast<std::uint64_t>(to) > list.size())
    return context.error(fmt::format("{}, list is length {}", call, list.size()));
  ListBody* out = new_list(context.memory, static_cast<std::size_t>(to - from));
  for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i)
    out->items[out->size++] = list.at(i, context.memory);
  return Value::list(out);
}

Value list_of(Memory& memory, const std::vector<Value>& items) {
  if (!memory.fits(items.size() * sizeof(Value))) return fatal_error(memory, "the list is too large");
  ListBody* out = new_list(memory, items.size());
  for (const Value& item : items) out->items[out->size++] = item;
  return Value::list(out);
}

void flatten_into(const Value& value, std::int64_t depth, Memory& memory, std::vector<Value>& out) {
  List list(value);
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value item = list.at(i, memory);
    if (item.is(Kind::kList) && depth > 0)
      flatten_into(item, depth - 1, memory, out);
    else
      out.push_back(item);
  }
}

Value flatten(CallContext& context, Args args) {
  std::int64_t depth = args.size() > 1 ? args[1].as_int() : 1;
  if (depth < 0) return context.error("level must be non-negative");
  std::vector<Value> out;
  flatten_into(args[0], std::min<std::int64_t>(depth, kFlattenDepthMax), context.memory, out);
  return list_of(context.memory, out);
}

Value range(CallContext& context, Args args) {
  std::int64_t n = args[0].as_int();
  if (n < 0) return context.error(fmt::format("lists.range: size must be non-negative, got {}", n));
  if (n > kRangeMax) return context.error(fmt::format("lists.range: size {} exceeds maximum allowed ({})", n, kRangeMax));
  ListBody* out = new_list(context.memory, static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) out->items[out->size++] = Value::of(i);
  return Value::list(out);
}

Value reverse(CallContext& context, Args args) {
  List list(args[0]);
  ListBody* out = new_list(context.memory, list.size());
  for (std::size_t i = list.size(); i-- > 0;) out->items[out->size++] = list.at(i, context.memory);
  return Value::list(out);
}

Value distinct(CallContext& context, Args args) {
  List list(args[0]);
  ListBody* out = new_list(context.memory, list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value item = list.at(i, context.memory);
    auto seen =
        std::any_of(out->items, out->items + out->size, [&](const Value& other) { return equal(item, other, context.memory); });
    if (!seen) out->items[out->size++] = item;
  }
  return Value::list(out);
}

bool comparable(const Value& value) { return compare(value, value) != Ordering::kMismatch; }

Value sort_by(CallContext& context, const List& list, const List& keys) {
  if (list.size() != keys.size()) {
    return context.error(
        fmt::format("@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} "
                    "and {} elements respectively",
                    list.size(), keys.size()));
  }
  std::vector<std::pair<Value, Value>> items;  // key, item
  for (std::size_t i = 0; i < list.size(); ++i) items.emplace_back(keys.at(i, context.memory), list.at(i, context.memory));
  for (const auto& [key, item] : items) {
    if (!comparable(key)) return context.error("list elements must be comparable");
    if (key.kind() != items.front().first.kind()) return context.error("list elements must have the same type");
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& a, const auto& b) { return compare(a.first, b.first) == Ordering::kLess; });
  ListBody* out = new_list(context.memory, items.size());
  for (const auto& [key, item] : items) out->items[out->size++] = item;
  return Value::list(out);
}

Value sort(CallContext& context, Args args) { return sort_by(context, List(args[0]), List(args[0])); }
Value sort_by_keys(CallContext& context, Args args) { return sort_by(context, List(args[0]), List(args[1])); }

// list.sortBy(e, key): the list is bound, so that it is evaluated once for itself and its keys.
NodeId expand_sort_by(const MacroCall& c) {
  std::string_view name = c.variable(c.args[0]);
  if (name.empty()) return c.args[0];
  constexpr std::string_view kInput = "@__sortBy_input__";
  Node keys{.kind = NodeKind::kComprehension, .fold = Fold::kList, .position = c.position};
  keys.name = name;
  keys.operand = c.ident(kInput);
  Node sorted{.kind = NodeKind::kCall, .position = c.position};
  sorted.name = "@sortByAssociatedKeys";
  sorted.operand = c.ident(kInput);
  NodeId key_list = c.ast.add(keys, c.args.subspan(1));
  Node bind{.kind = NodeKind::kBind, .position = c.position};
  bind.name = kInput;
  NodeId parts[] = {c.target, c.ast.add(sorted, {&key_list, 1})};
  return c.ast.add(bind, parts);
}

const Macros& macros() {
  static const Macros all = {{"sortBy", MacroStyle::kReceiver, 2, expand_sort_by}};
  return all;
}

std::uint64_t cost_of_result(Sizes, std::uint64_t result) { return saturating_add(1 + kListCreationCost, result); }

// Each element against each other one; text is taken to be longer than other elements.
std::uint64_t comparison_cost(std::uint64_t size) {
  std::uint64_t pairs = saturating_multiply(size, size);
  return saturating_add(1 + kListCreationCost, saturating_add(saturating_multiply(pairs, 2), pairs / 10));
}
std::uint64_t cost_of_comparing(Sizes sizes, std::uint64_t) { return comparison_cost(sizes[0]); }
std::uint64_t cost_of_comparing_keys(Sizes sizes, std::uint64_t) { return comparison_cost(sizes[1]); }

void add_sorting(Library& l) {
  const std::pair<std::string_view, Type> ordered[] = {{"int", Type::integer()},       {"uint", Type::unsigned_integer()},
                                                       {"double", Type::floating()},   {"bool", Type::boolean()},
                                                       {"duration", Type::duration()}, {"timestamp", Type::timestamp()},
                                                       {"string", Type::string()},     {"bytes", Type::bytes()}};
  for (const auto& [name, type] : ordered) {
    l.member("sort", fmt::format("list_{}_sort", name), {Type::list(type)}, Type::list(type), sort)
        .with_cost(cost_of_comparing, ResultSize::kOfFirst);
    l.member("@sortByAssociatedKeys", fmt::format("list_{}_sortByAssociatedKeys", name), {list_of_a(), Type::list(type)},
             list_of_a(), sort_by_keys)
        .with_cost(cost_of_comparing_keys, ResultSize::kOfFirst);
  }
}

}  // namespace

Library lists_library() {
  Library l("lists");
  const Type a = type_a(), list = list_of_a(), i = Type::integer(), nested = Type::list(Type::list(a));
  l.add_macros(macros());
  l.member("slice", "list_slice", {list, i, i}, list, slice).with_cost(cost_of_result, ResultSize::kUpToFirst);
  l.member("flatten", "list_flatten", {nested}, list, flatten).with_cost(cost_of_result);
  l.member("flatten", "list_flatten_int", {Type::list(Type::dyn()), i}, Type::list(Type::dyn()), flatten)
      .with_cost(cost_of_result);
  l.global("lists.range", "lists_range", {i}, Type::list(i), range).with_cost(cost_of_result);
  l.member("reverse", "list_reverse", {list}, list, reverse).with_cost(cost_of_result, ResultSize::kOfFirst);
  l.member("distinct", "list_distinct", {list}, list, distinct).with_cost(cost_of_comparing, ResultSize::kUpToFirst);
  add_sorting(l);
  return l;
}

}  // namespace plinth::cel
