// Macros: calls that the parser turns into other nodes before anything is known of types.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/ast.h"
#include "cel/source.h"

namespace plinth::cel {

// A call that may be a macro, with its parts parsed.
struct MacroCall {
  Ast& ast;
  Issues& issues;
  std::uint32_t position;
  NodeId target;  // kNoNode: a global call
  std::span<const NodeId> args;

  // Complains at `node` and gives a node to stand in.
  NodeId fail(NodeId node, std::string message) const;
  NodeId ident(std::string_view name) const;
  NodeId literal(Value value) const;
  NodeId call(std::string_view function, std::span<const NodeId> args) const;
  // The name of an argument that must be a plain identifier; empty after a complaint.
  std::string_view variable(NodeId arg) const;
  bool target_is(std::string_view name) const;  // a plain identifier of that name
};

enum class MacroStyle : std::uint8_t { kGlobal, kReceiver };

struct Macro {
  static constexpr int kAnyCount = -1;
  std::string_view name;
  MacroStyle style;
  int arg_count;
  NodeId (*expand)(const MacroCall& call);  // kNoNode: not a macro after all
};

using Macros = std::vector<Macro>;

// has, all, exists, exists_one, map, filter.
const Macros& standard_macros();
// all, exists, existsOne, transformList, transformMap, transformMapEntry with two variables.
const Macros& two_variable_macros();
// optMap, optFlatMap.
const Macros& optional_macros();
// cel.bind.
const Macros& binding_macros();
// cel.block, cel.index, cel.iterVar: what optimizers write; people do not.
const Macros& block_macros();
// math.greatest, math.least.
const Macros& math_macros();

}  // namespace plinth::cel
