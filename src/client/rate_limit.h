// How fast requests may be made: so many at once, then so many a second.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/world.h"

namespace plinth::client {

class RateLimit {
 public:
  // `per_second` 0: no limit.
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // How long the next request must wait. Each call takes a place, in the order of the calls.
  Duration reserve(std::int64_t now_ns) {
    if (per_second_ <= 0) return Duration(0);
    constexpr double kNsPerSecond = 1e9;
    if (last_ns_ != 0)
      tokens_ = std::min(burst_, tokens_ + static_cast<double>(now_ns - last_ns_) / kNsPerSecond * per_second_);
    last_ns_ = now_ns;
    tokens_ -= 1;
    if (tokens_ >= 0) return Duration(0);
    return Duration(static_cast<std::int64_t>(-tokens_ / per_second_ * kNsPerSecond));
  }

 private:
  double per_second_, burst_, tokens_;
  std::int64_t last_ns_ = 0;
};

}  // namespace plinth::client
