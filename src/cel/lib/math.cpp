// math.*: extremes, rounding, signs, bits, roots.
#include <cmath>

#include <fmt/core.h>

#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

Value identity(CallContext&, Args args) { return args[0]; }

Value better(const Value& a, const Value& b, Ordering wanted) { return compare_numbers(b, a) == wanted ? b : a; }

template <Ordering kWanted>
Value extreme(CallContext& context, Args args) {
  if (args.size() == 2) return better(args[0], args[1], kWanted);
  List list(args[0]);
  constexpr std::string_view kName = kWanted == Ordering::kGreater ? "math.@max" : "math.@min";
  if (list.size() == 0) return context.error(fmt::format("{}(list) argument must not be empty", kName));
  Value best = list.at(0, context.memory);
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value item = list.at(i, context.memory);
    if (!item.is_number()) return no_such_overload(context.memory, kName, {&item, 1});
    best = better(best, item, kWanted);
  }
  return best;
}

template <double (*kRound)(double)>
Value rounding(CallContext&, Args args) {
  return Value::of(kRound(args[0].as_double()));
}

template <bool (*kTest)(double)>
Value test(CallContext&, Args args) {
  return Value::of(kTest(args[0].as_double()));
}

Value absolute(CallContext& context, Args args) {
  if (args[0].is(Kind::kDouble)) return Value::of(std::fabs(args[0].as_double()));
  if (args[0].is(Kind::kUint) || args[0].as_int() >= 0) return args[0];
  return negate(args[0], context.memory);
}

Value sign(CallContext&, Args args) {
  const Value& v = args[0];
  if (v.is(Kind::kUint)) return Value::of(std::uint64_t{v.as_uint() != 0});
  if (v.is(Kind::kInt)) return Value::of(std::int64_t{(v.as_int() > 0) - (v.as_int() < 0)});
  double d = v.as_double();
  return std::isnan(d) ? v : Value::of(static_cast<double>((d > 0) - (d < 0)));
}

enum class Bits : std::uint8_t { kAnd, kOr, kXor };

template <Bits kBits>
Value combine_bits(CallContext&, Args args) {
  std::uint64_t a = args[0].as_uint(), b = args[1].as_uint();
  std::uint64_t result = kBits == Bits::kAnd ? a & b : kBits == Bits::kOr ? a | b : a ^ b;
  return args[0].is(Kind::kUint) ? Value::of(result) : Value::of(static_cast<std::int64_t>(result));
}

Value invert_bits(CallContext&, Args args) {
  std::uint64_t result = ~args[0].as_uint();
  return args[0].is(Kind::kUint) ? Value::of(result) : Value::of(static_cast<std::int64_t>(result));
}

// Shifts are of the bits, also to the right of a negative int.
template <bool kLeft>
Value shift_bits(CallContext& context, Args args) {
  std::int64_t by = args[1].as_int();
  if (by < 0) return context.error(fmt::format("math.bitShift{}() negative offset: {}", kLeft ? "Left" : "Right", by));
  std::uint64_t bits = args[0].as_uint();
  std::uint64_t result = by > 63 ? 0 : kLeft ? bits << by : bits >> by;
  return args[0].is(Kind::kUint) ? Value::of(result) : Value::of(static_cast<std::int64_t>(result));
}

Value square_root(CallContext&, Args args) {
  const Value& v = args[0];
  double d = v.is(Kind::kDouble) ? v.as_double()
             : v.is(Kind::kUint) ? static_cast<double>(v.as_uint())
                                 : static_cast<double>(v.as_int());
  return Value::of(std::sqrt(d));
}

bool is_nan(double d) { return std::isnan(d); }
bool is_infinite(double d) { return std::isinf(d); }
bool is_finite(double d) { return std::isfinite(d); }

std::uint64_t cost_of_list(Sizes sizes, std::uint64_t) { return saturating_add(1, sizes[0]); }

struct Number {
  std::string_view name;
  Type type;
};

const std::vector<Number>& numbers() {
  static const std::vector<Number> all = {
      {"double", Type::floating()}, {"int", Type::integer()}, {"uint", Type::unsigned_integer()}};
  return all;
}

template <Ordering kWanted>
void add_extreme(Library& l, std::string name) {
  std::string id = "math_" + name.substr(5) + "_";
  for (const Number& a : numbers()) {
    l.global(name, id + std::string(a.name), {a.type}, a.type, identity);
    l.global(name, id + "list_" + std::string(a.name), {Type::list(a.type)}, a.type, extreme<kWanted>).with_cost(cost_of_list);
    for (const Number& b : numbers()) {
      Type result = a.name == b.name ? a.type : Type::dyn();
      l.global(name, id + std::string(a.name) + "_" + std::string(b.name), {a.type, b.type}, result, extreme<kWanted>);
    }
  }
}

void add_doubles(Library& l) {
  const Type d = Type::floating(), b = Type::boolean();
  l.global("math.ceil", "math_ceil_double", {d}, d, rounding<std::ceil>);
  l.global("math.floor", "math_floor_double", {d}, d, rounding<std::floor>);
  l.global("math.round", "math_round_double", {d}, d, rounding<std::round>);
  l.global("math.trunc", "math_trunc_double", {d}, d, rounding<std::trunc>);
  l.global("math.isInf", "math_isInf_double", {d}, b, test<is_infinite>);
  l.global("math.isNaN", "math_isNaN_double", {d}, b, test<is_nan>);
  l.global("math.isFinite", "math_isFinite_double", {d}, b, test<is_finite>);
}

void add_bits(Library& l) {
  const Type i = Type::integer();
  for (const Number& n : {numbers()[1], numbers()[2]}) {
    std::string name(n.name);
    l.global("math.bitAnd", "math_bitAnd_" + name, {n.type, n.type}, n.type, combine_bits<Bits::kAnd>);
    l.global("math.bitOr", "math_bitOr_" + name, {n.type, n.type}, n.type, combine_bits<Bits::kOr>);
    l.global("math.bitXor", "math_bitXor_" + name, {n.type, n.type}, n.type, combine_bits<Bits::kXor>);
    l.global("math.bitNot", "math_bitNot_" + name, {n.type}, n.type, invert_bits);
    l.global("math.bitShiftLeft", "math_bitShiftLeft_" + name, {n.type, i}, n.type, shift_bits<true>);
    l.global("math.bitShiftRight", "math_bitShiftRight_" + name, {n.type, i}, n.type, shift_bits<false>);
  }
}

}  // namespace

Library math_library() {
  Library l("math");
  l.add_macros(math_macros());
  add_extreme<Ordering::kGreater>(l, "math.@max");
  add_extreme<Ordering::kLess>(l, "math.@min");
  add_doubles(l);
  add_bits(l);
  for (const Number& n : numbers()) {
    l.global("math.abs", "math_abs_" + std::string(n.name), {n.type}, n.type, absolute);
    l.global("math.sign", "math_sign_" + std::string(n.name), {n.type}, n.type, sign);
    l.global("math.sqrt", "math_sqrt_" + std::string(n.name), {n.type}, Type::floating(), square_root);
  }
  return l;
}

}  // namespace plinth::cel
