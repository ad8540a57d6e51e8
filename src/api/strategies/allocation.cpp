#include "api/strategies/allocation.h"

namespace plinth::api {
namespace {

// Positions first, first+1, ... last-1 as a circle, from a random one on.
std::optional<std::uint64_t> pick_between(std::uint64_t first, std::uint64_t last, ClaimView& claims,
                                          const std::function<bool(std::uint64_t)>& is_free) {
  if (first >= last) return {};
  const std::uint64_t size = last - first, start = claims.below(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint64_t position = first + (start + i) % size;
    if (is_free(position)) return position;
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> pick_free(std::uint64_t size, std::uint64_t band, ClaimView& claims,
                                       const std::function<bool(std::uint64_t)>& is_free) {
  if (const auto found = pick_between(band, size, claims, is_free)) return found;
  return pick_between(0, band, claims, is_free);
}

}  // namespace plinth::api
