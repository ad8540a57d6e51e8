// Optional values.
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

Value some(CallContext& context, const Value& value) { return Value::optional(context.memory.make<Value>(value)); }

Value of(CallContext& context, Args args) { return some(context, args[0]); }
Value none(CallContext&, Args) { return Value::none(); }

bool is_zero(const Value& v) {
  switch (v.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
      return v.as_int() == 0;
    case Kind::kDouble:
      return v.as_double() == 0;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
      return size_of(v) == 0;
    case Kind::kDuration:
      return v.as_duration() == TimeSpan{};
    case Kind::kTimestamp:
      return v.as_timestamp() == TimeStamp{};
    case Kind::kOptional:
      return v.as_optional() == nullptr;
    default:
      return false;
  }
}

Value of_non_zero(CallContext& context, Args args) { return is_zero(args[0]) ? Value::none() : some(context, args[0]); }
Value has_value(CallContext&, Args args) { return Value::of(args[0].as_optional() != nullptr); }

Value value(CallContext& context, Args args) {
  const Value* inner = args[0].as_optional();
  return inner == nullptr ? context.error("optional.none() dereference") : *inner;
}

Value unwrap(CallContext& context, Args args) {
  List list(args[0]);
  ListBody* out = new_list(context.memory, list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value item = list.at(i, context.memory);
    if (!item.is(Kind::kOptional)) return no_such_overload(context.memory, "optional.unwrap", {&item, 1});
    if (item.as_optional() != nullptr) out->items[out->size++] = *item.as_optional();
  }
  return Value::list(out);
}

Value first(CallContext& context, Args args) {
  List list(args[0]);
  return list.size() == 0 ? Value::none() : some(context, list.at(0, context.memory));
}

Value last(CallContext& context, Args args) {
  List list(args[0]);
  return list.size() == 0 ? Value::none() : some(context, list.at(list.size() - 1, context.memory));
}

// `_[_]` on optionals and `_[?_]`; the operations themselves are part of the evaluator.
void add_access(Library& l) {
  const Type list = list_of_a(), map = map_of_ab(), i = Type::integer();
  l.global("_[_]", "optional_list_index_int", {Type::optional(list), i}, Type::optional(type_a()), nullptr);
  l.global("_[_]", "optional_map_index_value", {Type::optional(map), type_a()}, Type::optional(type_b()), nullptr);
  l.global("_[?_]", "list_optindex_optional_int", {list, i}, Type::optional(type_a()), nullptr);
  l.global("_[?_]", "optional_list_optindex_optional_int", {Type::optional(list), i}, Type::optional(type_a()), nullptr);
  l.global("_[?_]", "map_optindex_optional_value", {map, type_a()}, Type::optional(type_b()), nullptr);
  l.global("_[?_]", "optional_map_optindex_optional_value", {Type::optional(map), type_a()}, Type::optional(type_b()), nullptr);
}

}  // namespace

Library optionals_library() {
  Library l("optionals");
  const Type a = type_a(), opt = Type::optional(a);
  l.add_macros(optional_macros());
  l.add_type("optional_type", Type::optional(Type::dyn()));
  l.global("optional.of", "optional_of", {a}, opt, of);
  l.global("optional.ofNonZeroValue", "optional_ofNonZeroValue", {a}, opt, of_non_zero);
  l.global("optional.none", "optional_none", {}, opt, none);
  l.global("optional.unwrap", "optional_unwrap", {Type::list(opt)}, Type::list(a), unwrap);
  l.member("unwrapOpt", "optional_unwrapOpt", {Type::list(opt)}, Type::list(a), unwrap);
  l.member("value", "optional_value", {opt}, a, value);
  l.member("hasValue", "optional_hasValue", {opt}, Type::boolean(), has_value);
  l.member("or", "optional_or_optional", {opt, opt}, opt, nullptr);
  l.member("orValue", "optional_orValue_value", {opt, a}, a, nullptr);
  l.member("first", "list_first", {list_of_a()}, opt, first);
  l.member("last", "list_last", {list_of_a()}, opt, last);
  add_access(l);
  return l;
}

}  // namespace plinth::cel
