// Cost units, as cel-go and Kubernetes count them: a field or variable is 1, a call 1 unless its work grows with its arguments,
// a character a tenth.
#pragma once

#include <cstdint>
#include <limits>

#include "cel/value.h"

namespace plinth::cel {

constexpr std::uint64_t kListCreationCost = 10;
constexpr std::uint64_t kMapCreationCost = 30;
constexpr std::uint64_t kStructCreationCost = 40;
constexpr std::uint64_t kNoCostLimit = std::numeric_limits<std::uint64_t>::max();

// Of going through so many characters, rounded up.
constexpr std::uint64_t traversal_cost(std::uint64_t characters) { return characters / 10 + (characters % 10 != 0 ? 1 : 0); }

// Bounds of a size or a cost, known before evaluation.
struct SizeRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  friend bool operator==(const SizeRange&, const SizeRange&) = default;
};
using CostRange = SizeRange;

// Size as costs have it: code points, bytes, elements; 1 for scalars.
inline std::uint64_t actual_size(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
      return size_of(value);
    default:
      return 1;
  }
}

constexpr std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kNoCostLimit : sum;
}

constexpr std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kNoCostLimit : product;
}

}  // namespace plinth::cel
