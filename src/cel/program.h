// A compiled expression. Immutable: evaluated from any thread, each with its own Memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/cost.h"
#include "cel/environment.h"
#include "cel/references.h"
#include "cel/types.h"
#include "cel/value.h"

namespace plinth::cel {

// Values of an environment's variables, by slot. Values refer to memory and documents that must outlive the evaluation.
class Activation {
 public:
  explicit Activation(const Environment& environment) : values_(environment.variables().size(), Value::absent()) {}
  void set(std::size_t slot, const Value& value) { values_[slot] = value; }
  void unset(std::size_t slot) { values_[slot] = Value::absent(); }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::vector<Value> values_;
};

// What an evaluation may cost, and how it is stopped from another thread.
struct Budget {
  std::uint64_t cost_limit = kNoCostLimit;
  const std::atomic<bool>* cancelled = nullptr;
};

// What an evaluation came to besides its value.
struct Report {
  std::uint64_t cost = 0;
  std::optional<std::uint32_t> error_position;  // byte offset into the source
};

class Program {
 public:
  struct Body;
  explicit Program(std::shared_ptr<const Body> body) : body_(std::move(body)) {}

  // The value may refer to `memory`, the activation's values and the program. Errors are Invalid with the bare message of the
  // evaluation; describe_error() shows where.
  Result<Value> evaluate(const Activation& activation, Memory& memory, const Budget& budget = {},
                         Report* report = nullptr) const;
  // The same with an error as a value; does not allocate where the expression does not.
  Value run(std::span<const Value> variables, Memory& memory, const Budget& budget = {}, Report* report = nullptr) const;

  std::string_view source() const;
  const Type& result_type() const;
  // The variables and fields of variables that the expression reads.
  const std::vector<VariablePath>& references() const;

 private:
  std::shared_ptr<const Body> body_;
};

struct CompileOptions {
  bool check = true;  // false: names are resolved, types are left to the evaluation
  bool macros = true;
  std::optional<Type> result_type;  // what the expression must give; dyn results pass
};

// Errors are Invalid: every complaint with line, column and caret.
Result<Program> compile(std::string_view expression, const Environment& environment, const CompileOptions& options = {});

// Parsed and checked only.
Result<Type> check_expression(std::string_view expression, const Environment& environment, const CompileOptions& options = {});

}  // namespace plinth::cel
