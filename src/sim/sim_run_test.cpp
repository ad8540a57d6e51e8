// A fixed set of seeds, and proof that they would notice a broken log.
#include "sim/sim_run.h"

#include <cstdlib>

#include <doctest/doctest.h>

namespace plinth::sim {
namespace {

constexpr std::uint64_t kReplayEvery = 10;

std::uint64_t seeds() {
  const char* wanted = std::getenv("PLINTH_SIM_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 200;
}

}  // namespace

TEST_CASE("platforms under faults lose nothing, tell nothing wrong, and come to rest") {
  std::size_t acknowledged = 0, watched = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const RunOutcome outcome = run_seed(seed, {}, seed % kReplayEvery == 0);
    CHECK_MESSAGE(outcome.wrong.empty(),
                  "seed " << seed << ": " << outcome.wrong << "\n  again: ./dev sim --from " << seed << " --seeds 1");
    acknowledged += outcome.acknowledged;
    watched += outcome.watched;
    if (!outcome.wrong.empty()) break;
  }
  // The runs do something.
  CHECK(acknowledged > seeds() * 10);
  CHECK(watched > seeds() * 10);
}

// Each is caught within some ten seeds; `./dev sim --mutation NAME` shows it.
TEST_CASE("a platform whose log has no sync, checksum or tail cut is caught") {
  struct Row {
    const char* name;
    Sabotage sabotage;
    std::uint64_t seeds_max;
  };
  const Row rows[] = {{"no-sync", {true, false, false}, 30},
                      {"no-checksum", {false, true, false}, 60},
                      {"no-tail-cut", {false, false, true}, 100}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    std::uint64_t seed = 1;
    while (seed <= row.seeds_max && run_seed(seed, row.sabotage, false).wrong.empty()) ++seed;
    CHECK(seed <= row.seeds_max);
  }
}

}  // namespace plinth::sim
