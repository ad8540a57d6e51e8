// The parts that the libraries are made of. Internal to lib/.
#pragma once

#include "cel/arithmetic.h"
#include "cel/cost.h"
#include "cel/function.h"
#include "cel/number.h"

namespace plinth::cel {

using Args = std::span<const Value>;
using Sizes = std::span<const std::uint64_t>;

// Abbreviations for declarations.
inline Type type_a() { return Type::parameter("A"); }
inline Type type_b() { return Type::parameter("B"); }
inline Type list_of_a() { return Type::list(type_a()); }
inline Type map_of_ab() { return Type::map(type_a(), type_b()); }

// Costs: going through the characters of the first argument, or of the second.
inline std::uint64_t cost_of_first(Sizes sizes, std::uint64_t) { return traversal_cost(sizes[0]); }
inline std::uint64_t cost_of_second(Sizes sizes, std::uint64_t) { return traversal_cost(sizes[1]); }

void add_operators(Library& library);
void add_conversions(Library& library);
void add_time_functions(Library& library);

}  // namespace plinth::cel
