// Expressions of definitions: what they refer to, and the compiled form that is evaluated for every instance.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "base/world.h"
#include "cel/environment.h"
#include "cel/program.h"

namespace plinth::compose {

// The functions that expressions of definitions may use: the language with all its libraries and kro's own functions.
const cel::Environment& definition_environment();
// The same with random.alphanumeric().
cel::Environment definition_environment(std::shared_ptr<Entropy> entropy);

// What an expression names, before anything is known of types.
struct Inspection {
  std::vector<std::string> variables;  // free names in order of appearance, each once; not those that are types or namespaces
  std::vector<std::string> unknown_functions;  // called as name(...) and in no library
  bool uses_omit = false;
  bool draws = false;  // from the world's entropy: another value with each evaluation

  // kro's words for them: `uses unknown functions: [{f} {g}]`.
  Result<void> check_functions() const;
};
// Errors are Invalid, with position and caret.
Result<Inspection> inspect_expression(std::string_view text, const cel::Environment& environment);

// Compiled. Immutable, any thread.
struct Expression {
  std::string text;
  std::vector<std::string> variables;
  bool uses_omit = false;
  bool draws = false;
  std::shared_ptr<const cel::Program> program;

  const cel::Type& type() const { return program->result_type(); }
  bool uses(std::string_view variable) const;
};

// `allowed` tells which variables may stand here. Errors: `references unknown identifiers: [x]`,
// `uses unknown functions: [{f}]`, or the checker's text.
Result<Expression> compile_expression(std::string_view text, const cel::Environment& environment,
                                      const std::function<bool(std::string_view)>& allowed);

// What became of an evaluation. `kPending`: something that it reads is not there yet.
struct Outcome {
  enum class Kind : std::uint8_t { kValue, kOmitted, kPending, kFailed };
  Kind kind = Kind::kFailed;
  cel::Value value;     // of kValue; lives as long as the memory and the variables
  std::string message;  // of kPending and kFailed
};

// Units of cost that one evaluation may use.
inline constexpr std::uint64_t kExpressionCostMax = 10'000'000;

Outcome evaluate(const Expression& expression, std::span<const cel::Value> variables, cel::Memory& memory);
// As JSON in `draft`; numbers, text and structures as they are, none as null.
Result<Value> as_document(const cel::Value& value, Draft& draft);

}  // namespace plinth::compose
