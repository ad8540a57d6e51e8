// Names to what they stand for, expressions to their types, calls to their overloads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "cel/ast.h"
#include "cel/environment.h"
#include "cel/types.h"

namespace plinth::cel {

// What a node refers to.
struct Reference {
  enum class Kind : std::uint8_t {
    kNone,        // the node is what it looks like
    kVariable,    // of the environment; `slot` is its index
    kLocal,       // of a comprehension or binding; `slot` counts enclosing ones
    kConstant,    // `constant`: a type's name, an enum constant
    kFunction,    // `overloads` may apply; without `with_receiver` the target was a namespace
    kUnresolved,  // nothing; only where checking is lenient
  };
  Kind kind = Kind::kNone;
  bool with_receiver = false;
  std::uint32_t slot = 0;
  Value constant;
  std::vector<const Overload*> overloads;
  std::shared_ptr<const Function> function;  // keeps the overloads
};

struct CheckedAst {
  Ast ast;
  std::vector<Type> types;            // by node
  std::vector<Reference> references;  // by node
  std::vector<std::uint32_t> slots;   // by node: first local slot of comprehensions, bindings, blocks
  std::uint32_t local_count = 0;
};

enum class CheckMode : std::uint8_t {
  kStrict,
  kLenient,  // names are resolved, but disagreements of types are left to the evaluation
};

// Errors are Invalid, with positions and carets, in the words of the reference implementation.
Result<CheckedAst> check(Ast ast, const Environment& environment, CheckMode mode = CheckMode::kStrict);

}  // namespace plinth::cel
