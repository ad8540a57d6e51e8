#include <fmt/core.h>

#include "cel/arithmetic.h"
#include "cel/op.h"

namespace plinth::cel {
namespace {

struct ConstantOp final : Op {
  ConstantOp(const Value& value, std::uint64_t cost, std::uint32_t position) : Op(position), value(value), cost(cost) {}
  Value eval(Frame& frame) const override {
    frame.cost += cost;
    return value;
  }
  const Value* constant() const override { return &value; }
  const Value value;
  const std::uint64_t cost;
};

struct ErrorOp final : Op {
  ErrorOp(std::string message, std::uint32_t position) : Op(position), message(std::move(message)) {}
  Value eval(Frame& frame) const override { return located(make_error(frame.memory, message), position); }
  const std::string message;
};

Value unset(Frame& frame, std::string_view name, std::uint32_t position) {
  return located(make_error(frame.memory, fmt::format("no such attribute(s): {}", name)), position);
}

struct VariableOp final : Op {
  VariableOp(std::uint32_t slot, std::string name, std::uint32_t position) : Op(position), slot(slot), name(std::move(name)) {}
  Value eval(Frame& frame) const override {
    frame.cost += 1;
    if (slot >= frame.variable_count || frame.variables[slot].is(Kind::kAbsent)) return unset(frame, name, position);
    return frame.variables[slot];
  }
  const std::uint32_t slot;
  const std::string name;
};

struct LocalOp final : Op {
  LocalOp(std::uint32_t slot, std::uint32_t position) : Op(position), slot(slot) {}
  Value eval(Frame& frame) const override {
    frame.cost += 1;
    return frame.locals[slot];
  }
  const std::uint32_t slot;
};

struct PathOp final : Op {
  PathOp(std::uint32_t slot, std::string name, std::vector<std::string> fields, std::uint32_t position)
      : Op(position), slot(slot), name(std::move(name)), fields(std::move(fields)) {}

  Value eval(Frame& frame) const override {
    frame.cost += 1 + fields.size();
    if (slot >= frame.variable_count || frame.variables[slot].is(Kind::kAbsent)) return unset(frame, name, position);
    Value value = frame.variables[slot];
    for (std::size_t i = 0; i < fields.size();) {
      if (value.is(Kind::kMap) && value.form() != Value::Form::kOwn) {
        value = walk(frame, value, i);
      } else {
        value = select(value, fields[i++], frame.memory);
      }
      if (value.is_error()) return located(value, position);
    }
    return value;
  }

  // Through the document as far as it is made of objects; the last step may lead to anything.
  Value walk(Frame& frame, const Value& from, std::size_t& i) const {
    DocumentValue node = from.document();
    const Shape* shape = from.shape();
    while (i < fields.size() && node.is_object()) {
      std::string_view key = fields[i];
      const Shape* child = nullptr;
      if (shape != nullptr) {
        Shape::Field field = shape->field(key);
        if (!field.visible) return no_such_key(frame.memory, Value::string(fields[i]));
        child = field.shape;
        key = field.key;
      }
      const DocumentValue* found = node.find(key);
      if (found == nullptr) return no_such_key(frame.memory, Value::string(fields[i]));
      node = *found;
      shape = child;
      ++i;
    }
    return Value::of_document(node, shape, frame.memory);
  }

  const std::uint32_t slot;
  const std::string name;
  const std::vector<std::string> fields;
};

struct SelectOp final : Op {
  SelectOp(OpPtr operand, std::string field, Selection selection, std::uint32_t position)
      : Op(position), operand(std::move(operand)), field(std::move(field)), selection(selection) {}

  Value eval(Frame& frame) const override {
    Value value = operand->eval(frame);
    if (value.is_error()) return value;
    // A presence test costs nothing of its own, as Kubernetes has it.
    if (selection != Selection::kTest) frame.cost += 1;
    switch (selection) {
      case Selection::kPlain:
        value = select(value, field, frame.memory);
        break;
      case Selection::kOptional:
        value = optional_select(value, field, frame.memory);
        break;
      case Selection::kTest:
        value = has_field(value, field, frame.memory);
        break;
    }
    return located(value, position);
  }
  const OpPtr operand;
  const std::string field;
  const Selection selection;
};

struct IndexOp final : Op {
  IndexOp(OpPtr container, OpPtr key, bool optional, std::uint32_t position)
      : Op(position), container(std::move(container)), key(std::move(key)), optional(optional) {}

  Value eval(Frame& frame) const override {
    Value from = container->eval(frame);
    if (from.is_error()) return from;
    Value at = key->eval(frame);
    if (at.is_error()) return at;
    frame.cost += 1;
    return located(optional ? optional_index(from, at, frame.memory) : index(from, at, frame.memory), position);
  }
  const OpPtr container, key;
  const bool optional;
};

}  // namespace

OpPtr constant_op(const Value& value, std::uint64_t cost, std::uint32_t position) {
  return std::make_unique<ConstantOp>(value, cost, position);
}
OpPtr error_op(std::string message, std::uint32_t position) { return std::make_unique<ErrorOp>(std::move(message), position); }
OpPtr variable_op(std::uint32_t slot, std::string name, std::uint32_t position) {
  return std::make_unique<VariableOp>(slot, std::move(name), position);
}
OpPtr local_op(std::uint32_t slot, std::uint32_t position) { return std::make_unique<LocalOp>(slot, position); }
OpPtr path_op(std::uint32_t slot, std::string name, std::vector<std::string> fields, std::uint32_t position) {
  return std::make_unique<PathOp>(slot, std::move(name), std::move(fields), position);
}
OpPtr select_op(OpPtr operand, std::string field, Selection selection, std::uint32_t position) {
  return std::make_unique<SelectOp>(std::move(operand), std::move(field), selection, position);
}
OpPtr index_op(OpPtr container, OpPtr key, bool optional, std::uint32_t position) {
  return std::make_unique<IndexOp>(std::move(container), std::move(key), optional, position);
}

}  // namespace plinth::cel
