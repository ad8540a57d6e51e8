#include "base/value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/short_text.h"
#include "base/value_body.h"

namespace plinth {
namespace {

// Objects larger than this are compared through sorted indexes, so that hostile input cannot make equal() quadratic.
constexpr std::size_t kLinearMembersMax = 32;

constexpr double kInt64Limit = 9223372036854775808.0;  // 2^63

bool same_number(const Value& a, const Value& b) {
  if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
  if (a.is_double() && b.is_double()) return a.as_double() == b.as_double();
  std::int64_t i = a.is_int() ? a.as_int() : b.as_int();
  double d = a.is_double() ? a.as_double() : b.as_double();
  return d >= -kInt64Limit && d < kInt64Limit && d == std::trunc(d) && static_cast<std::int64_t>(d) == i;
}

bool same_items(std::span<const Value> a, std::span<const Value> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Value& x, const Value& y) { return equal(x, y); });
}

std::vector<const Member*> sorted_members(std::span<const Member> members) {
  std::vector<const Member*> out;
  out.reserve(members.size());
  for (const Member& m : members) out.push_back(&m);
  std::sort(out.begin(), out.end(), [](const Member* x, const Member* y) { return x->key() < y->key(); });
  return out;
}

bool same_members(const Value& a, const Value& b) {
  std::span<const Member> left = a.members(), right = b.members();
  if (left.size() != right.size()) return false;
  if (left.data() == right.data()) return true;
  if (left.size() <= kLinearMembersMax) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const Value* other = left[i].key() == right[i].key() ? &right[i].value : b.find(left[i].key());
      if (other == nullptr || !equal(left[i].value, *other)) return false;
    }
    return true;
  }
  auto x = sorted_members(left), y = sorted_members(right);
  return std::equal(x.begin(), x.end(), y.begin(),
                    [](const Member* p, const Member* q) { return p->key() == q->key() && equal(p->value, q->value); });
}

}  // namespace

Value Value::of(double d) { return Value(Type::kDouble, std::bit_cast<std::int64_t>(d)); }

namespace {
// Shared by all empty containers; owned by no arena, so every draft copies it before a change. Never written.
alignas(8) constinit const std::array<std::uint64_t, 2> kEmptyBody{};
}  // namespace

Value Value::empty_object() {
  return ValueBuilder::make(Type::kObject, const_cast<Body*>(reinterpret_cast<const Body*>(kEmptyBody.data())));
}

Value Value::empty_array() {
  return ValueBuilder::make(Type::kArray, const_cast<Body*>(reinterpret_cast<const Body*>(kEmptyBody.data())));
}

double Value::as_double() const {
  if (is_double()) return std::bit_cast<double>(int_);
  return is_int() ? static_cast<double>(int_) : 0;
}

std::int64_t Value::truncated() const {
  double d = as_double();
  if (std::isnan(d)) return 0;
  if (d >= kInt64Limit) return std::numeric_limits<std::int64_t>::max();
  if (d < -kInt64Limit) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(d);
}

std::size_t Value::size() const { return is_array() || is_object() ? body_->size : 0; }

std::span<const Value> Value::items() const {
  if (!is_array()) return {};
  return {static_cast<const Body*>(body_)->items(), body_->size};
}

std::span<const Member> Value::members() const {
  if (!is_object()) return {};
  return {static_cast<const Body*>(body_)->members(), body_->size};
}

const Value* Value::find(std::string_view key) const {
  // Most keys differ in length or at once; calling memcmp for them costs more than the search.
  for (const Member& m : members()) {
    const std::string_view other = m.key();
    if (other.size() != key.size()) continue;
    if (other.data() == key.data() || key.empty()) return &m.value;
    if (other.front() == key.front() && same_text(other, key)) return &m.value;
  }
  return nullptr;
}

const Value* Value::find_path(std::initializer_list<std::string_view> path) const {
  const Value* v = this;
  for (std::string_view step : path) {
    v = v->find(step);
    if (v == nullptr) return nullptr;
  }
  return v;
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return same_number(a, b);
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Value::Type::kBool:
      return a.as_bool() == b.as_bool();
    case Value::Type::kString:
      return a.as_string() == b.as_string();
    case Value::Type::kArray:
      return ValueBuilder::body_of(a) == ValueBuilder::body_of(b) || same_items(a.items(), b.items());
    case Value::Type::kObject:
      return ValueBuilder::body_of(a) == ValueBuilder::body_of(b) || same_members(a, b);
    default:
      return true;
  }
}

ValueBuilder::Body* ValueBuilder::new_body(Arena& arena, Value::Type type, std::size_t capacity) {
  std::size_t element = type == Value::Type::kObject ? sizeof(Member) : sizeof(Value);
  auto* body = static_cast<Body*>(arena.allocate(sizeof(Body) + capacity * element));
  body->size = 0;
  body->capacity = static_cast<std::uint32_t>(capacity);
  body->arena = &arena;
  return body;
}

}  // namespace plinth
