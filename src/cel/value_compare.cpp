#include <cmath>

#include "cel/number.h"
#include "cel/value.h"

namespace plinth::cel {
namespace {

Ordering order(bool less, bool equal) { return less ? Ordering::kLess : equal ? Ordering::kEqual : Ordering::kGreater; }

template <typename T>
Ordering order_of(const T& a, const T& b) {
  return order(a < b, a == b);
}

Ordering reversed(Ordering o) {
  if (o == Ordering::kLess) return Ordering::kGreater;
  if (o == Ordering::kGreater) return Ordering::kLess;
  return o;
}

Ordering compare_int_uint(std::int64_t i, std::uint64_t u) {
  return i < 0 ? Ordering::kLess : order_of(static_cast<std::uint64_t>(i), u);
}

Ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Ordering::kUnordered;
  return order_of(a, b);
}

// Past the integer's range a double is decided by its sign; within it integers are compared as doubles, as cel-spec has it.
Ordering compare_int_double(std::int64_t i, double d) {
  if (std::isnan(d)) return Ordering::kUnordered;
  if (d > 9223372036854775808.0) return Ordering::kLess;
  if (d < -9223372036854775808.0) return Ordering::kGreater;
  return compare_doubles(static_cast<double>(i), d);
}

Ordering compare_uint_double(std::uint64_t u, double d) {
  if (std::isnan(d)) return Ordering::kUnordered;
  if (d > 18446744073709551616.0) return Ordering::kLess;
  if (d < 0) return Ordering::kGreater;
  return compare_doubles(static_cast<double>(u), d);
}

bool equal_lists_any_order(const List& a, const List& b, Memory& memory);
bool equal_lists_by_key(const List& a, const List& b, std::span<const std::string> keys, Memory& memory);

bool equal_lists(const Value& x, const Value& y, Memory& memory) {
  List a(x), b(y);
  if (a.size() != b.size()) return false;
  const Shape* shape = x.shape() != nullptr ? x.shape() : y.shape();
  Shape::ListKind kind = shape == nullptr ? Shape::ListKind::kAtomic : shape->list_kind();
  if (kind == Shape::ListKind::kSet) return equal_lists_any_order(a, b, memory);
  if (kind == Shape::ListKind::kMap) return equal_lists_by_key(a, b, shape->list_keys(), memory);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(a.at(i, memory), b.at(i, memory), memory)) return false;
  }
  return true;
}

bool holds(const List& list, const Value& value, Memory& memory) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (equal(list.at(i, memory), value, memory)) return true;
  }
  return false;
}

bool equal_lists_any_order(const List& a, const List& b, Memory& memory) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!holds(b, a.at(i, memory), memory)) return false;
  }
  return true;
}

bool same_list_key(const Value& a, const Value& b, std::span<const std::string> keys, Memory& memory) {
  if (!a.is(Kind::kMap) || !b.is(Kind::kMap)) return false;
  for (const std::string& key : keys) {
    Value x, y;
    bool has_x = Map(a).find(key, memory, &x), has_y = Map(b).find(key, memory, &y);
    if (has_x != has_y || (has_x && !equal(x, y, memory))) return false;
  }
  return true;
}

bool equal_lists_by_key(const List& a, const List& b, std::span<const std::string> keys, Memory& memory) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    Value item = a.at(i, memory);
    bool found = false;
    for (std::size_t j = 0; j < b.size() && !found; ++j) {
      Value other = b.at(j, memory);
      if (!same_list_key(item, other, keys, memory)) continue;
      if (!equal(item, other, memory)) return false;
      found = true;
    }
    if (!found) return false;
  }
  return true;
}

bool equal_maps(const Value& x, const Value& y, Memory& memory) {
  Map a(x), b(y);
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    MapEntry entry = a.entry(i, memory);
    Value other;
    if (!b.find(entry.key, memory, &other) || !equal(entry.value, other, memory)) return false;
  }
  return true;
}

bool equal_optionals(const Value* a, const Value* b, Memory& memory) {
  if (a == nullptr || b == nullptr) return a == b;
  return equal(*a, *b, memory);
}

bool equal_opaques(const Opaque& a, const Opaque& b) { return a.type == b.type && a.type->equal(a, b); }

}  // namespace

Ordering compare_numbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.is(Kind::kInt)) return order_of(a.as_int(), b.as_int());
      if (b.is(Kind::kUint)) return compare_int_uint(a.as_int(), b.as_uint());
      if (b.is(Kind::kDouble)) return compare_int_double(a.as_int(), b.as_double());
      break;
    case Kind::kUint:
      if (b.is(Kind::kUint)) return order_of(a.as_uint(), b.as_uint());
      if (b.is(Kind::kInt)) return reversed(compare_int_uint(b.as_int(), a.as_uint()));
      if (b.is(Kind::kDouble)) return compare_uint_double(a.as_uint(), b.as_double());
      break;
    case Kind::kDouble:
      if (b.is(Kind::kDouble)) return compare_doubles(a.as_double(), b.as_double());
      if (b.is(Kind::kInt)) return reversed(compare_int_double(b.as_int(), a.as_double()));
      if (b.is(Kind::kUint)) return reversed(compare_uint_double(b.as_uint(), a.as_double()));
      break;
    default:
      break;
  }
  return Ordering::kMismatch;
}

Ordering compare(const Value& a, const Value& b) {
  if (a.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return Ordering::kMismatch;
  switch (a.kind()) {
    case Kind::kBool:
      return order_of(a.as_bool(), b.as_bool());
    case Kind::kString:
    case Kind::kBytes:
      return order_of(a.as_string(), b.as_string());
    case Kind::kTimestamp:
      return order_of(a.as_timestamp(), b.as_timestamp());
    case Kind::kDuration:
      return order_of(a.as_duration(), b.as_duration());
    default:
      return Ordering::kMismatch;
  }
}

bool equal(const Value& a, const Value& b, Memory& memory) {
  if (a.kind() != b.kind()) return a.is_number() && compare_numbers(a, b) == Ordering::kEqual;
  switch (a.kind()) {
    case Kind::kAbsent:
    case Kind::kError:
      return false;
    case Kind::kNull:
      return true;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
      return a.as_int() == b.as_int();
    case Kind::kDouble:
      return a.as_double() == b.as_double();
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return a.as_string() == b.as_string();
    case Kind::kTimestamp:
      return a.as_timestamp() == b.as_timestamp();
    case Kind::kDuration:
      return a.as_duration() == b.as_duration();
    case Kind::kList:
      return equal_lists(a, b, memory);
    case Kind::kMap:
      return equal_maps(a, b, memory);
    case Kind::kOptional:
      return equal_optionals(a.as_optional(), b.as_optional(), memory);
    case Kind::kOpaque:
      return equal_opaques(a.as_opaque(), b.as_opaque());
  }
  return false;
}

}  // namespace plinth::cel
