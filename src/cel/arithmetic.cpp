#include "cel/arithmetic.h"

#include <cmath>

#include <fmt/core.h>

#include "cel/number.h"
#include "cel/time.h"

namespace plinth::cel {
namespace {

Value overflow(Memory& memory, std::string_view type) { return make_error(memory, fmt::format("{} overflow", type)); }

template <typename T>
Value checked_time(const std::optional<T>& result, Memory& memory, std::string_view type) {
  return result ? Value::of(*result) : overflow(memory, type);
}

Value concatenated_text(const Value& a, const Value& b, Memory& memory) {
  std::string_view x = a.as_string(), y = b.as_string();
  if (x.empty()) return b;
  if (y.empty()) return a;
  if (!memory.fits(x.size() + y.size())) return fatal_error(memory, "result of '+' is too large");
  char* text = memory.text(x.size() + y.size());
  std::memcpy(text, x.data(), x.size());
  std::memcpy(text + x.size(), y.data(), y.size());
  std::string_view both(text, x.size() + y.size());
  return a.is(Kind::kString) ? Value::string(both) : Value::bytes(both);
}

// Of two elements of a list: the same member of a set, or of a map by its keys.
bool same_member(const Shape& shape, const Value& a, const Value& b, Memory& memory) {
  if (shape.list_kind() == Shape::ListKind::kSet) return equal(a, b, memory);
  if (!a.is(Kind::kMap) || !b.is(Kind::kMap)) return false;
  for (const std::string& key : shape.list_keys()) {
    Value x, y;
    bool has_x = Map(a).find(key, memory, &x), has_y = Map(b).find(key, memory, &y);
    if (has_x != has_y || (has_x && !equal(x, y, memory))) return false;
  }
  return true;
}

// Lists that a schema calls sets or maps are united: members of both keep their place, those of a map take the second one's
// value.
Value united_lists(const Shape& shape, const List& x, const List& y, Memory& memory) {
  ListBody* out = new_list(memory, x.size() + y.size());
  for (std::size_t i = 0; i < x.size(); ++i) out->items[out->size++] = x.at(i, memory);
  std::size_t own = out->size;
  for (std::size_t i = 0; i < y.size(); ++i) {
    Value item = y.at(i, memory);
    std::size_t at = 0;
    while (at < own && !same_member(shape, out->items[at], item, memory)) ++at;
    if (at == own)
      out->items[out->size++] = item;
    else if (shape.list_kind() == Shape::ListKind::kMap)
      out->items[at] = item;
  }
  return Value::list(out);
}

Value concatenated_lists(const Value& a, const Value& b, Memory& memory) {
  List x(a), y(b);
  if (y.size() == 0) return a;
  if (x.size() == 0) return b;
  if (!memory.fits((x.size() + y.size()) * sizeof(Value))) return fatal_error(memory, "result of '+' is too large");
  const Shape* shape = a.shape();
  if (shape != nullptr && shape->list_kind() != Shape::ListKind::kAtomic) return united_lists(*shape, x, y, memory);
  ListBody* out = new_list(memory, x.size() + y.size());
  for (std::size_t i = 0; i < x.size(); ++i) out->items[out->size++] = x.at(i, memory);
  for (std::size_t i = 0; i < y.size(); ++i) out->items[out->size++] = y.at(i, memory);
  return Value::list(out);
}

Value mismatch(Memory& memory, std::string_view function, const Value& a, const Value& b) {
  Value args[] = {a, b};
  return no_such_overload(memory, function, args);
}

Value no_selection(Memory& memory, const Value& operand) {
  return make_error(memory, fmt::format("type '{}' does not support field selection", type_name(operand)));
}

// The index a list is asked for; empty when it is no whole number or out of bounds.
std::optional<std::size_t> list_position(const Value& key, std::size_t size) {
  std::int64_t at = -1;
  if (key.is(Kind::kInt))
    at = key.as_int();
  else if (key.is(Kind::kUint))
    at = key.as_uint() < size ? key.as_int() : -1;
  else if (key.is(Kind::kDouble))
    at = exact_int(key.as_double()).value_or(-1);
  if (at < 0 || static_cast<std::size_t>(at) >= size) return std::nullopt;
  return static_cast<std::size_t>(at);
}

enum class Access : std::uint8_t { kFound, kAbsent, kError };

Access look_up(const Value& container, const Value& key, Memory& memory, Value* out) {
  if (container.is(Kind::kMap)) {
    if (Map(container).find(key, memory, out)) return Access::kFound;
    *out = no_such_key(memory, key);
    return Access::kAbsent;
  }
  if (container.is(Kind::kList)) {
    List list(container);
    if (!key.is_number()) {
      *out = make_error(memory, fmt::format("unsupported index type '{}' in list", type_name(key)));
      return Access::kError;
    }
    if (auto at = list_position(key, list.size())) {
      *out = list.at(*at, memory);
      return Access::kFound;
    }
    *out = make_error(memory, fmt::format("index out of bounds: {}", to_text(key)));
    return Access::kAbsent;
  }
  *out = mismatch(memory, "_[_]", container, key);
  return Access::kError;
}

Value some(const Value& value, Memory& memory) { return Value::optional(memory.make<Value>(value)); }

Value as_optional(Access access, const Value& value, Memory& memory) {
  if (access == Access::kError) return value;
  return access == Access::kFound ? some(value, memory) : Value::none();
}

}  // namespace

Value no_such_overload(Memory& memory, std::string_view function, std::span<const Value> args) {
  std::string text = fmt::format("no such overload: {}(", function);
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i != 0) text += ", ";
    text += type_name(args[i]);
  }
  return make_error(memory, text + ")");
}

Value add(const Value& a, const Value& b, Memory& memory) {
  std::int64_t sum = 0;
  std::uint64_t unsigned_sum = 0;
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration))
    return checked_time(add(a.as_timestamp(), b.as_duration()), memory, "timestamp");
  if (a.is(Kind::kDuration) && b.is(Kind::kTimestamp))
    return checked_time(add(b.as_timestamp(), a.as_duration()), memory, "timestamp");
  if (a.kind() != b.kind()) return mismatch(memory, "_+_", a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (__builtin_add_overflow(a.as_int(), b.as_int(), &sum)) return overflow(memory, "integer");
      return Value::of(sum);
    case Kind::kUint:
      if (__builtin_add_overflow(a.as_uint(), b.as_uint(), &unsigned_sum)) return overflow(memory, "unsigned integer");
      return Value::of(unsigned_sum);
    case Kind::kDouble:
      return Value::of(a.as_double() + b.as_double());
    case Kind::kString:
    case Kind::kBytes:
      return concatenated_text(a, b, memory);
    case Kind::kList:
      return concatenated_lists(a, b, memory);
    case Kind::kDuration:
      return checked_time(add(a.as_duration(), b.as_duration()), memory, "duration");
    default:
      return mismatch(memory, "_+_", a, b);
  }
}

Value subtract(const Value& a, const Value& b, Memory& memory) {
  std::int64_t result = 0;
  std::uint64_t unsigned_result = 0;
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) {
    return checked_time(add(a.as_timestamp(), negated(b.as_duration())), memory, "timestamp");
  }
  if (a.kind() != b.kind()) return mismatch(memory, "_-_", a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (__builtin_sub_overflow(a.as_int(), b.as_int(), &result)) return overflow(memory, "integer");
      return Value::of(result);
    case Kind::kUint:
      if (__builtin_sub_overflow(a.as_uint(), b.as_uint(), &unsigned_result)) return overflow(memory, "unsigned integer");
      return Value::of(unsigned_result);
    case Kind::kDouble:
      return Value::of(a.as_double() - b.as_double());
    case Kind::kTimestamp:
      return checked_time(difference(a.as_timestamp(), b.as_timestamp()), memory, "duration");
    case Kind::kDuration:
      return checked_time(add(a.as_duration(), negated(b.as_duration())), memory, "duration");
    default:
      return mismatch(memory, "_-_", a, b);
  }
}

Value multiply(const Value& a, const Value& b, Memory& memory) {
  std::int64_t result = 0;
  std::uint64_t unsigned_result = 0;
  if (a.kind() != b.kind()) return mismatch(memory, "_*_", a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (__builtin_mul_overflow(a.as_int(), b.as_int(), &result)) return overflow(memory, "integer");
      return Value::of(result);
    case Kind::kUint:
      if (__builtin_mul_overflow(a.as_uint(), b.as_uint(), &unsigned_result)) return overflow(memory, "unsigned integer");
      return Value::of(unsigned_result);
    case Kind::kDouble:
      return Value::of(a.as_double() * b.as_double());
    default:
      return mismatch(memory, "_*_", a, b);
  }
}

Value divide(const Value& a, const Value& b, Memory& memory) {
  if (a.kind() != b.kind()) return mismatch(memory, "_/_", a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (b.as_int() == 0) return make_error(memory, "division by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return overflow(memory, "integer");
      return Value::of(a.as_int() / b.as_int());
    case Kind::kUint:
      if (b.as_uint() == 0) return make_error(memory, "division by zero");
      return Value::of(a.as_uint() / b.as_uint());
    case Kind::kDouble:
      return Value::of(a.as_double() / b.as_double());
    default:
      return mismatch(memory, "_/_", a, b);
  }
}

Value modulo(const Value& a, const Value& b, Memory& memory) {
  if (a.kind() != b.kind()) return mismatch(memory, "_%_", a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (b.as_int() == 0) return make_error(memory, "modulus by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return overflow(memory, "integer");
      return Value::of(a.as_int() % b.as_int());
    case Kind::kUint:
      if (b.as_uint() == 0) return make_error(memory, "modulus by zero");
      return Value::of(a.as_uint() % b.as_uint());
    default:
      return mismatch(memory, "_%_", a, b);
  }
}

Value negate(const Value& a, Memory& memory) {
  switch (a.kind()) {
    case Kind::kInt:
      if (a.as_int() == INT64_MIN) return overflow(memory, "integer");
      return Value::of(-a.as_int());
    case Kind::kDouble:
      return Value::of(-a.as_double());
    case Kind::kDuration:
      return Value::of(negated(a.as_duration()));
    default:
      return no_such_overload(memory, "-_", {&a, 1});
  }
}

Value contains(const Value& item, const Value& container, Memory& memory) {
  if (container.is(Kind::kMap)) {
    Value ignored;
    return Value::of(Map(container).find(item, memory, &ignored));
  }
  if (!container.is(Kind::kList)) return mismatch(memory, "@in", item, container);
  List list(container);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (equal(item, list.at(i, memory), memory)) return Value::of(true);
  }
  return Value::of(false);
}

Value index(const Value& container, const Value& key, Memory& memory) {
  Value out;
  if (container.is(Kind::kOptional)) {
    const Value* inner = container.as_optional();
    if (inner == nullptr) return Value::none();
    return as_optional(look_up(*inner, key, memory, &out), out, memory);
  }
  look_up(container, key, memory, &out);
  return out;
}

Value optional_index(const Value& container, const Value& key, Memory& memory) {
  Value out;
  const Value* inner = container.is(Kind::kOptional) ? container.as_optional() : &container;
  if (inner == nullptr) return Value::none();
  return as_optional(look_up(*inner, key, memory, &out), out, memory);
}

Value select(const Value& operand, std::string_view field, Memory& memory) {
  Value out;
  if (operand.is(Kind::kMap)) {
    if (Map(operand).find(field, memory, &out)) return out;
    return no_such_key(memory, Value::string(field));
  }
  if (operand.is(Kind::kOptional)) return optional_select(operand, field, memory);
  return no_selection(memory, operand);
}

Value optional_select(const Value& operand, std::string_view field, Memory& memory) {
  Value out;
  const Value* inner = operand.is(Kind::kOptional) ? operand.as_optional() : &operand;
  if (inner == nullptr) return Value::none();
  if (!inner->is(Kind::kMap)) return no_selection(memory, *inner);
  return Map(*inner).find(field, memory, &out) ? some(out, memory) : Value::none();
}

Value has_field(const Value& operand, std::string_view field, Memory& memory) {
  Value out;
  const Value* inner = operand.is(Kind::kOptional) ? operand.as_optional() : &operand;
  if (inner == nullptr) return Value::of(false);
  if (!inner->is(Kind::kMap)) return no_selection(memory, *inner);
  return Value::of(Map(*inner).find(field, memory, &out));
}

}  // namespace plinth::cel
