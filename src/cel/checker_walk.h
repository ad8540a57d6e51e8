// The walk that gives every node of an expression its type. Internal to the checker: one walk of one expression, parts of it by
// what they check in checker_*.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/checker.h"
#include "cel/source.h"
#include "cel/type_solver.h"

namespace plinth::cel {

class Checker {
 public:
  Checker(CheckedAst& out, const Environment& environment, CheckMode mode)
      : out_(out), ast_(out.ast), environment_(environment), strict_(mode == CheckMode::kStrict) {
    out_.types.resize(ast_.size());
    out_.references.resize(ast_.size());
    out_.slots.resize(ast_.size());
  }

  Issues& run();

 private:
  struct Local {
    std::string_view name;
    Type type;
  };
  struct ElementTypes {
    Type first, second;
  };

  const Type& type_of(NodeId id) const { return out_.types[id]; }
  Type known(NodeId id) const;
  const std::string& container() const { return environment_.settings().container; }
  void complain(NodeId id, std::string message);
  void check(NodeId id) { out_.types[id] = type_for(id); }
  Type type_for(NodeId id);
  static Type literal(const Node& node);

  // Names and fields.
  const Local* find_local(std::string_view name, std::uint32_t* slot) const;
  // Variables, types and constants of the environment by a name that may be qualified.
  std::optional<Type> resolve(NodeId id, std::string_view name);
  void undeclared(NodeId id, std::string_view name);
  Type ident(NodeId id);
  // The identifier that a chain of selects starts with, or kNoNode.
  NodeId chain_root(NodeId id) const;
  // Qualified names have few parts; longer chains are fields.
  bool short_chain(NodeId id) const;
  bool starts_local(NodeId id) const;
  Type select(NodeId id);
  Type field_type(NodeId id, const Node& node);
  Type object_field(NodeId id, const Node& node, const Type& target);

  // Calls.
  Type call(NodeId id);
  Type unknown_function(NodeId id, std::string_view name);
  Type global_call(NodeId id, const Node& node, std::string_view name);
  // Any number of terms; each is a bool.
  Type logical(NodeId id, const Node& node);
  Type overload(NodeId id, const Node& node, const std::shared_ptr<const Function>& function, bool member);
  std::optional<Type> try_overload(const Overload& candidate, std::span<const Type> args);

  // Literals of lists, maps and messages.
  // The common type of the elements of a literal so far and one more.
  void join(std::optional<Type>& common, Type next, NodeId where);
  // Of an element written with `?`: the type within the optional.
  Type unmarked(NodeId element, bool marked);
  Type list(const Node node);
  Type map(const Node node);
  Type structure(NodeId id);
  void struct_field(NodeId key, NodeId value, bool marked, const Type& type);

  // What introduces names: comprehensions, bindings, blocks.
  ElementTypes element_types(NodeId range, bool two);
  std::uint32_t push(std::string_view name, Type type);
  void expect_bool(NodeId id, std::string_view function);
  Type comprehension(NodeId id);
  Type fold_type(const Node& node, NodeId body, const ElementTypes& types);
  Type bind(NodeId id);
  Type block(NodeId id);
  Type optional_map(NodeId id);

  CheckedAst& out_;
  Ast& ast_;
  const Environment& environment_;
  bool strict_;
  Issues issues_;
  TypeSolver solver_;
  std::vector<Local> locals_;
  int mixed_allowed_ = 0;  // calls around this place whose arguments may be mixed lists
};

}  // namespace plinth::cel
