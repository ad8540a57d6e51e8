// Type parameters and what they stand for: the checker's unification.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "cel/types.h"

namespace plinth::cel {

class TypeSolver {
 public:
  Type fresh();  // a type parameter of its own
  // Type parameters of a declaration replaced by fresh ones, the same by the same within `instance`.
  using Instance = std::map<std::string, Type, std::less<>>;
  Type instantiate(const Type& type, Instance& instance);

  // Whether a value of type `from` may stand where `to` is asked for; what that says of type parameters is kept if so.
  bool assignable(const Type& from, const Type& to);
  bool assignable(std::span<const Type> from, std::span<const Type> to);
  // Parameters replaced by what is known of them; `free_is_dyn`: others by dyn.
  Type substitute(const Type& type, bool free_is_dyn) const;
  // The same with free parameters as dyn, once nothing is to be learned any more: what was found for a parameter is kept, so
  // that types which grow from node to node cost no more than their nodes.
  Type resolved(const Type& type);
  // The type of an element that is of either type; empty when they do not agree.
  std::optional<Type> join(const Type& a, const Type& b);

 private:
  bool unify(const Type& from, const Type& to);
  bool unify_all(std::span<const Type> from, std::span<const Type> to);
  bool bind(const Type& type, const Type& parameter, bool* known);
  bool occurs(const Type& parameter, const Type& within) const;
  void set(std::string_view parameter, const Type& type);
  bool keep_or_undo(bool success);

  std::map<std::string, Type, std::less<>> bindings_;
  std::vector<std::pair<std::string, std::optional<Type>>> trail_;  // what bindings were before the attempt under way
  std::map<std::string, Type, std::less<>> resolved_;
  int next_ = 0;
};

// Whether `a` is `b` or says less (dyn, a parameter).
bool equal_or_less_specific(const Type& a, const Type& b);

}  // namespace plinth::cel
