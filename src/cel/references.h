// What of its variables an expression reads: the edges of a dependency graph.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cel/checker.h"

namespace plinth::cel {

// A variable and the chain of fields and constant indexes that is selected from it, as far as it is known before evaluation.
struct VariablePath {
  struct Step {
    std::string field;  // empty: an index
    std::int64_t index = -1;
    bool optional = false;  // `.?field`, `[?index]`, or the last step of has()
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::string variable;
  std::vector<Step> steps;
  std::uint32_t position = 0;  // of the variable

  std::string text() const;  // "schema.spec.ports[0]"
};

// Each path once, in order of appearance.
std::vector<VariablePath> variable_paths(const CheckedAst& checked, const Environment& environment);

}  // namespace plinth::cel
