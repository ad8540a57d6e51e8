// How much may be evaluated at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace plinth::api {

// What may be spent where others wait, in units of cost. Rules have budgets of their own, which decide what a request is told;
// this one decides only where they are evaluated: when it is spent, what was found so far counts for nothing, and the whole is
// done again where nobody waits.
struct CostAllowance {
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
  bool spent = false;

  // Of one evaluation that may cost `most`.
  std::uint64_t limit(std::uint64_t most) const { return std::min(most, left); }
  void charge(std::uint64_t cost) {
    spent = spent || cost > left;
    left -= std::min(cost, left);
  }
};

}  // namespace plinth::api
