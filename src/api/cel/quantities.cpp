#include <cstring>

#include "api/cel/libraries.h"
#include "api/quantity.h"
#include "cel/cost.h"

namespace plinth::api {
namespace {

using Args = std::span<const cel::Value>;

// A Quantity holds 128-bit numbers, which ask for more alignment than an evaluation's memory has.
struct QuantityValue : cel::Opaque {
  std::uint64_t words[sizeof(Quantity) / sizeof(std::uint64_t)];
};
static_assert(std::is_trivially_copyable_v<Quantity> && sizeof(Quantity) % sizeof(std::uint64_t) == 0);

Quantity quantity_in(const cel::Opaque& opaque) {
  Quantity out;
  std::memcpy(static_cast<void*>(&out), static_cast<const QuantityValue&>(opaque).words, sizeof(out));
  return out;
}
Quantity quantity_of(const cel::Value& value) { return quantity_in(value.as_opaque()); }

constexpr cel::OpaqueType kType = {
    "kubernetes.Quantity",
    [](const cel::Opaque& a, const cel::Opaque& b) { return quantity_in(a).compare(quantity_in(b)) == 0; },
    [](const cel::Opaque& v, std::string& out) { out += quantity_in(v).text(); },
};

cel::Value made(cel::CallContext& context, const Quantity& quantity) {
  auto* value = context.memory.make<QuantityValue>(cel::Opaque{&kType});
  std::memcpy(value->words, static_cast<const void*>(&quantity), sizeof(quantity));
  return cel::Value::opaque(value);
}

cel::Value to_quantity(cel::CallContext& context, Args args) {
  auto quantity = Quantity::parse(args[0].as_string());
  return quantity.ok() ? made(context, *quantity) : context.error(quantity.error().message());
}

cel::Value is_quantity(cel::CallContext&, Args args) { return cel::Value::of(Quantity::parse(args[0].as_string()).ok()); }

bool is_whole(const Quantity& q) { return q.compare(Quantity(q.value(), q.format())) == 0; }

cel::Value is_integer(cel::CallContext&, Args args) { return cel::Value::of(is_whole(quantity_of(args[0]))); }

cel::Value as_integer(cel::CallContext& context, Args args) {
  Quantity q = quantity_of(args[0]);
  return is_whole(q) ? cel::Value::of(q.value()) : context.error("cannot convert value to integer");
}

cel::Value as_float(cel::CallContext&, Args args) { return cel::Value::of(quantity_of(args[0]).approximate()); }
cel::Value sign(cel::CallContext&, Args args) { return cel::Value::of(quantity_of(args[0]).sign()); }

int compared(Args args) {
  int order = quantity_of(args[0]).compare(quantity_of(args[1]));
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}
cel::Value compare_to(cel::CallContext&, Args args) { return cel::Value::of(compared(args)); }
cel::Value is_less(cel::CallContext&, Args args) { return cel::Value::of(compared(args) < 0); }
cel::Value is_greater(cel::CallContext&, Args args) { return cel::Value::of(compared(args) > 0); }

// The second operand is a quantity or an int.
Quantity second(Args args) {
  if (args[1].is(cel::Kind::kInt)) return Quantity(args[1].as_int(), Quantity::Format::kDecimalExponent);
  return quantity_of(args[1]);
}
cel::Value add(cel::CallContext& context, Args args) { return made(context, quantity_of(args[0]) + second(args)); }
cel::Value subtract(cel::CallContext& context, Args args) { return made(context, quantity_of(args[0]) - second(args)); }

std::uint64_t text_cost(std::span<const std::uint64_t> sizes, std::uint64_t) { return cel::traversal_cost(sizes[0]); }

}  // namespace

cel::Library quantities_library() {
  using cel::Type;
  cel::Library l("kubernetes.quantity");
  const Type s = Type::string(), b = Type::boolean(), i = Type::integer(), q = Type::opaque(std::string(kType.name));
  l.add_type(kType.name, q);
  l.global("quantity", "string_to_quantity", {s}, q, to_quantity).with_cost(text_cost);
  l.global("isQuantity", "is_quantity_string", {s}, b, is_quantity).with_cost(text_cost);
  l.global("sign", "quantity_sign", {q}, i, sign);
  l.member("sign", "quantity_sign_member", {q}, i, sign);
  l.member("isInteger", "quantity_is_integer", {q}, b, is_integer);
  l.member("asInteger", "quantity_get_int", {q}, i, as_integer);
  l.member("asApproximateFloat", "quantity_get_float", {q}, Type::floating(), as_float);
  l.member("compareTo", "quantity_compare_to", {q, q}, i, compare_to);
  l.member("isLessThan", "quantity_is_less_than", {q, q}, b, is_less);
  l.member("isGreaterThan", "quantity_is_greater_than", {q, q}, b, is_greater);
  l.member("add", "quantity_add", {q, q}, q, add);
  l.member("add", "quantity_add_int", {q, i}, q, add);
  l.member("sub", "quantity_sub", {q, q}, q, subtract);
  l.member("sub", "quantity_sub_int", {q, i}, q, subtract);
  return l;
}

}  // namespace plinth::api
