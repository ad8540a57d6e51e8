// The machine's clocks and randomness.
#pragma once

#include "base/world.h"

namespace plinth::world_real {

class RealClock final : public Clock {
 public:
  std::int64_t wall_ns() const override;
  std::int64_t monotonic_ns() const override;
};

// getrandom(2), a few hundred bytes at a time for each thread; what was handed out is wiped from the buffer. Aborts where the
// kernel has none to give. A child made by fork() without exec must not use it.
class RealEntropy final : public Entropy {
 public:
  void fill(std::span<unsigned char> out) override;
};

}  // namespace plinth::world_real
