#include "cel/type_solver.h"

namespace plinth::cel {
namespace {

bool dyn_or_error(const Type& t) { return t.is_dyn() || t.is(TypeKind::kError); }

// Null goes where null may be: abstract types, objects, wrappers, times (as in proto).
bool takes_null(const Type& t) {
  switch (t.kind()) {
    case TypeKind::kOpaque:
    case TypeKind::kObject:
    case TypeKind::kWrapper:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kNull:
      return true;
    default:
      return false;
  }
}

Type rebuild(const Type& type, std::vector<Type> parameters) {
  switch (type.kind()) {
    case TypeKind::kList:
      return Type::list(std::move(parameters[0]));
    case TypeKind::kMap:
      return Type::map(std::move(parameters[0]), std::move(parameters[1]));
    case TypeKind::kType:
      return Type::type_of(std::move(parameters[0]));
    case TypeKind::kWrapper:
      return Type::wrapper(std::move(parameters[0]));
    default:
      return Type::opaque(std::string(type.name()), std::move(parameters));
  }
}

}  // namespace

// Of two types that agree, the one that has all values of both.
const Type& more_general(const Type& a, const Type& b) {
  if (a.is(TypeKind::kNull) && takes_null(b)) return b;
  if (b.is(TypeKind::kNull) && takes_null(a)) return a;
  if (a.is(TypeKind::kWrapper)) return a;
  if (b.is(TypeKind::kWrapper)) return b;
  return equal_or_less_specific(a, b) ? a : b;
}

bool equal_or_less_specific(const Type& a, const Type& b) {
  if (a.is_dyn() || a.is(TypeKind::kParam)) return true;
  if (b.is_dyn() || b.is(TypeKind::kParam)) return false;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case TypeKind::kOpaque:
    case TypeKind::kList:
    case TypeKind::kMap:
      if (a.name() != b.name() || a.parameters().size() != b.parameters().size()) return false;
      for (std::size_t i = 0; i < a.parameters().size(); ++i) {
        if (!equal_or_less_specific(a.parameters()[i], b.parameters()[i])) return false;
      }
      return true;
    case TypeKind::kType:
      return true;
    default:
      return a == b;
  }
}

Type TypeSolver::fresh() { return Type::parameter("_var" + std::to_string(next_++)); }

Type TypeSolver::instantiate(const Type& type, Instance& instance) {
  if (type.is(TypeKind::kParam)) {
    auto found = instance.find(type.name());
    if (found == instance.end()) found = instance.emplace(std::string(type.name()), fresh()).first;
    return found->second;
  }
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& p : type.parameters()) parameters.push_back(instantiate(p, instance));
  return rebuild(type, std::move(parameters));
}

bool TypeSolver::occurs(const Type& parameter, const Type& within) const {
  if (within == parameter) return true;
  if (within.is(TypeKind::kParam)) {
    auto found = bindings_.find(within.name());
    return found != bindings_.end() && occurs(parameter, found->second);
  }
  for (const Type& p : within.parameters()) {
    if (occurs(parameter, p)) return true;
  }
  return false;
}

bool TypeSolver::bind(const Type& type, const Type& parameter, bool* known) {
  *known = true;
  if (type == parameter) return true;
  auto found = bindings_.find(parameter.name());
  if (found != bindings_.end()) {
    Type bound = found->second;
    if (type == bound) return true;
    if (!unify(type, bound)) return false;
    Type general = more_general(type, bound);
    if (!occurs(parameter, general)) set(parameter.name(), general);
    return true;
  }
  *known = false;
  if (occurs(parameter, type)) return false;
  set(parameter.name(), type);
  return true;
}

bool TypeSolver::unify_all(std::span<const Type> from, std::span<const Type> to) {
  if (from.size() != to.size()) return false;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!unify(from[i], to[i])) return false;
  }
  return true;
}

bool TypeSolver::unify(const Type& from, const Type& to) {
  bool known = false;
  if (to.is(TypeKind::kParam)) {
    if (bind(from, to, &known)) return true;
    if (known) return false;
  }
  if (from.is(TypeKind::kParam)) return bind(to, from, &known);
  if (dyn_or_error(from) || dyn_or_error(to)) return true;
  if (from.is(TypeKind::kNull)) return takes_null(to);
  if (to.is(TypeKind::kNull)) return takes_null(from);
  if (to.is(TypeKind::kWrapper)) return from == to || from == to.element();
  if (from.is(TypeKind::kWrapper)) return from.element() == to;
  switch (from.kind()) {
    case TypeKind::kType:
      return to.is(TypeKind::kType);
    case TypeKind::kOpaque:
    case TypeKind::kList:
    case TypeKind::kMap:
      return from.kind() == to.kind() && from.name() == to.name() && unify_all(from.parameters(), to.parameters());
    default:
      return from == to;
  }
}

void TypeSolver::set(std::string_view parameter, const Type& type) {
  auto found = bindings_.find(parameter);
  if (found == bindings_.end()) {
    trail_.emplace_back(std::string(parameter), std::nullopt);
    bindings_.emplace(std::string(parameter), type);
  } else {
    trail_.emplace_back(std::string(parameter), found->second);
    found->second = type;
  }
}

bool TypeSolver::keep_or_undo(bool success) {
  for (; !success && !trail_.empty(); trail_.pop_back()) {
    auto& [name, before] = trail_.back();
    if (before)
      bindings_.insert_or_assign(name, *before);
    else
      bindings_.erase(name);
  }
  trail_.clear();
  return success;
}

bool TypeSolver::assignable(const Type& from, const Type& to) { return keep_or_undo(unify(from, to)); }

bool TypeSolver::assignable(std::span<const Type> from, std::span<const Type> to) { return keep_or_undo(unify_all(from, to)); }

Type TypeSolver::substitute(const Type& type, bool free_is_dyn) const {
  if (type.is(TypeKind::kParam)) {
    auto found = bindings_.find(type.name());
    if (found != bindings_.end()) return substitute(found->second, free_is_dyn);
    return free_is_dyn ? Type::dyn() : type;
  }
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& p : type.parameters()) parameters.push_back(substitute(p, free_is_dyn));
  return rebuild(type, std::move(parameters));
}

Type TypeSolver::resolved(const Type& type) {
  if (type.is(TypeKind::kParam)) {
    auto known = resolved_.find(type.name());
    if (known != resolved_.end()) return known->second;
    auto bound = bindings_.find(type.name());
    Type found = bound == bindings_.end() ? Type::dyn() : resolved(bound->second);
    resolved_.emplace(std::string(type.name()), found);
    return found;
  }
  if (type.parameters().empty()) return type;
  std::vector<Type> parameters;
  for (const Type& p : type.parameters()) parameters.push_back(resolved(p));
  return rebuild(type, std::move(parameters));
}

std::optional<Type> TypeSolver::join(const Type& a, const Type& b) {
  if (!assignable(a, b)) return std::nullopt;
  return more_general(a, b);
}

}  // namespace plinth::cel
