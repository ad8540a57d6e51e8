// Work whose price shows only while it is done: at once where it is cheap, on the pool where it would hold a loop.
#pragma once

#include <functional>

#include "api/cel/cost_allowance.h"
#include "server/context.h"

namespace plinth::server {

// What one piece of work may spend on a loop. A unit of cost takes about 4 ns in loops over small values and up to some 20 in
// patterns: 0.2 to 1 ms.
constexpr std::uint64_t kCostOnLoopMax = 50'000;

// Calls `work` here with that allowance. When it spends it, calls it once more on the pool, with all that it wants; `work`
// begins anew then, and changes nothing that others see until it is done. `done` runs on `loop`: before this returns, where the
// allowance was enough. It gets TooManyRequests when too many wait for the pool already.
void run_costly(ServerContext& context, Loop& loop, std::function<void(api::CostAllowance&)> work,
                UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
