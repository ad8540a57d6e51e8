// The machine's clocks and randomness.
#pragma once

#include "base/world.h"

namespace plinth::world_real {

class RealClock final : public Clock {
 public:
  std::int64_t wall_ns() const override;
  std::int64_t monotonic_ns() const override;
};

// getrandom(2); aborts where the kernel has none to give.
class RealEntropy final : public Entropy {
 public:
  void fill(std::span<unsigned char> out) override;
};

}  // namespace plinth::world_real
