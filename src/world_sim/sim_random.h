// The seeded source of every choice in a simulated world.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plinth::world_sim {

// splitmix64: small, well mixed for any seed, and the same on every machine.
class SimRandom {
 public:
  explicit SimRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // In [0, bound); 0 when bound is 0. The bias is below 2^-32 for the bounds used here.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  // In [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool coin() { return (next() & 1) != 0; }
  bool chance(unsigned per_million) { return below(1'000'000) < per_million; }
  // A source of its own for one part, so that what one part draws does not change what another gets.
  SimRandom fork() { return SimRandom(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace plinth::world_sim
