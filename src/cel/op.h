// The compiled form: a tree of operations that are called, each evaluating its parts. Internal to the layer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "cel/function.h"
#include "cel/value.h"

namespace plinth::cel {

// The state of one evaluation.
struct Frame {
  Memory& memory;
  const Value* variables;
  std::size_t variable_count;
  Value* locals;
  const TimeZones* zones;
  std::uint64_t cost_limit;
  const std::atomic<bool>* cancelled;
  std::uint64_t cost = 0;
  std::uint32_t steps = 0;

  // Null while the evaluation may go on. Asked at every call and every turn of a comprehension.
  bool over_budget() const { return cost > cost_limit; }
};

class Op {
 public:
  explicit Op(std::uint32_t position) : position(position) {}
  virtual ~Op() = default;
  virtual Value eval(Frame& frame) const = 0;
  // Set where the result is known; `constant_cost` is then what evaluating it would have cost.
  virtual const Value* constant() const { return nullptr; }

  const std::uint32_t position;  // in the source
};
using OpPtr = std::unique_ptr<const Op>;

// An error gets the position of the innermost operation that it came out of.
inline Value located(const Value& value, std::uint32_t position) {
  if (value.is_error() && value.as_error().position == ErrorBody::kNowhere) value.as_error().position = position;
  return value;
}

Value over_budget_error(Frame& frame);
// True and an error in `out` when the evaluation must stop: its budget is used up or it was cancelled.
bool must_stop(Frame& frame, Value* out);

struct Element {
  OpPtr op;
  bool optional;
};

OpPtr constant_op(const Value& value, std::uint64_t cost, std::uint32_t position);
OpPtr error_op(std::string message, std::uint32_t position);
OpPtr variable_op(std::uint32_t slot, std::string name, std::uint32_t position);
OpPtr local_op(std::uint32_t slot, std::uint32_t position);
// variable.field.field...: one walk through the document.
OpPtr path_op(std::uint32_t slot, std::string name, std::vector<std::string> fields, std::uint32_t position);
enum class Selection : std::uint8_t { kPlain, kOptional, kTest };
OpPtr select_op(OpPtr operand, std::string field, Selection selection, std::uint32_t position);
OpPtr index_op(OpPtr container, OpPtr key, bool optional, std::uint32_t position);

OpPtr not_op(OpPtr operand, std::uint32_t position);
OpPtr negate_op(OpPtr operand, std::uint32_t position);
OpPtr and_op(std::vector<OpPtr> terms, std::uint32_t position);
OpPtr or_op(std::vector<OpPtr> terms, std::uint32_t position);
OpPtr conditional_op(OpPtr condition, OpPtr then, OpPtr otherwise, std::uint32_t position);
// By the operator's function name; null when it is none of the binary ones.
OpPtr binary_op(std::string_view function, OpPtr left, OpPtr right, std::uint32_t position);

OpPtr list_op(std::vector<Element> items, std::uint32_t position);
OpPtr map_op(std::vector<OpPtr> keys, std::vector<Element> values, std::uint64_t cost, std::uint32_t position);

struct FoldParts {
  Fold fold;
  OpPtr range;
  OpPtr filter;  // may be null
  OpPtr body;
  std::uint32_t slot;
  bool two_variables;
};
OpPtr fold_op(FoldParts parts, std::uint32_t position);
OpPtr bind_op(std::uint32_t slot, OpPtr init, OpPtr body, std::uint32_t position);
OpPtr block_op(std::uint32_t first_slot, std::vector<OpPtr> slots, OpPtr body, std::uint32_t position);
// A slot of a block, evaluated when it is first asked for.
OpPtr block_slot_op(std::uint32_t slot, const Op* definition, std::uint32_t position);
OpPtr optional_map_op(std::uint32_t slot, OpPtr target, OpPtr body, bool flat, std::uint32_t position);
OpPtr optional_or_op(OpPtr target, OpPtr other, bool unwrap, std::uint32_t position);

OpPtr call_op(std::shared_ptr<const Function> function, std::vector<const Overload*> overloads, std::vector<OpPtr> args,
              Prepared prepared, std::uint32_t position);

}  // namespace plinth::cel
