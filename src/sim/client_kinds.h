// For tests: the same cases over each client that controllers can have.
#pragma once

#include <doctest/doctest.h>

#include "sim/sim_platform.h"

namespace plinth::sim {

// Runs `test(platform)` with controllers that see the store itself, with those whose view lags, and with those that list and
// watch over HTTP.
template <typename Test>
void over_each_client(std::uint64_t seeds, const Test& test, SimPlatformOptions options = {}) {
  for (const ClientKind kind : {ClientKind::kDirect, ClientKind::kLagging, ClientKind::kRemote}) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(seed);
      options.client = kind;
      SimPlatform platform(seed, options);
      const auto booted = platform.boot();
      REQUIRE_MESSAGE(booted.ok(), (booted.ok() ? "" : booted.error().message()));
      test(platform);
    }
  }
}

}  // namespace plinth::sim
