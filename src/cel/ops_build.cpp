#include <fmt/core.h>

#include "cel/arithmetic.h"
#include "cel/cost.h"
#include "cel/op.h"

namespace plinth::cel {
namespace {

// What an element marked with `?` adds: the value within, or nothing.
enum class Added : std::uint8_t { kValue, kNothing, kError };

Added added(Frame& frame, const Element& element, Value* value) {
  *value = element.op->eval(frame);
  if (value->is_error()) return Added::kError;
  if (!element.optional) return Added::kValue;
  if (!value->is(Kind::kOptional)) {
    *value = located(
        make_error(frame.memory,
                   fmt::format("cannot initialize optional element from non-optional value of type '{}'", type_name(*value))),
        element.op->position);
    return Added::kError;
  }
  const Value* inner = value->as_optional();
  if (inner == nullptr) return Added::kNothing;
  *value = *inner;
  return Added::kValue;
}

struct ListOp final : Op {
  ListOp(std::vector<Element> items, std::uint32_t position) : Op(position), items(std::move(items)) {}
  Value eval(Frame& frame) const override {
    frame.cost += kListCreationCost;
    ListBody* out = new_list(frame.memory, items.size());
    for (const Element& item : items) {
      Value value;
      Added result = added(frame, item, &value);
      if (result == Added::kError) return value;
      if (result == Added::kValue) out->items[out->size++] = value;
    }
    return Value::list(out);
  }
  const std::vector<Element> items;
};

bool can_be_key(const Value& key) {
  return key.is(Kind::kBool) || key.is(Kind::kInt) || key.is(Kind::kUint) || key.is(Kind::kString);
}

struct MapOp final : Op {
  MapOp(std::vector<OpPtr> keys, std::vector<Element> values, std::uint64_t cost, std::uint32_t position)
      : Op(position), keys(std::move(keys)), values(std::move(values)), cost(cost) {}
  Value eval(Frame& frame) const override {
    frame.cost += cost;
    MapBuilder out(frame.memory, keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Value key = keys[i]->eval(frame);
      if (key.is_error()) return key;
      if (!can_be_key(key)) {
        return located(make_error(frame.memory, fmt::format("unsupported key type: {}", type_name(key))), keys[i]->position);
      }
      Value value;
      Added result = added(frame, values[i], &value);
      if (result == Added::kError) return value;
      if (result == Added::kValue && !out.insert(key, value)) {
        return located(make_error(frame.memory, fmt::format("Failed with repeated key: {}", to_text(key))), keys[i]->position);
      }
    }
    return Value::map(out.finish());
  }
  const std::vector<OpPtr> keys;
  const std::vector<Element> values;
  const std::uint64_t cost;
};

}  // namespace

OpPtr list_op(std::vector<Element> items, std::uint32_t position) {
  return std::make_unique<ListOp>(std::move(items), position);
}
OpPtr map_op(std::vector<OpPtr> keys, std::vector<Element> values, std::uint64_t cost, std::uint32_t position) {
  return std::make_unique<MapOp>(std::move(keys), std::move(values), cost, position);
}

}  // namespace plinth::cel
