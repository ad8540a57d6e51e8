// One seed: a platform lives several lives under a random workload and random faults, and everything that anybody saw of it is
// compared with what it keeps. At the end it must come to rest by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/history.h"
#include "sim/watcher.h"
#include "sim/workload.h"

namespace plinth::sim {

struct RunOutcome {
  std::string wrong;         // "" when nothing is
  std::uint64_t digest = 0;  // of everything that was written, answered and sent: equal for equal seeds
  std::size_t lives = 0, acknowledged = 0, watched = 0;
};

class SimRun {
 public:
  SimRun(std::uint64_t seed, Sabotage sabotage);
  RunOutcome run();

 private:
  void fail(const std::string& what);
  bool fine() const { return wrong_.empty(); }
  // Each returns false when the run is over.
  bool boot();
  void live();
  void end();
  void checkpoint(bool quiet);
  void plan_faults();
  void converge();
  void check_rest();
  void check_rot();
  void drop_watchers();

  static SimPlatformOptions options_of(std::uint64_t seed, Sabotage sabotage);

  world_sim::SimRandom random_;
  SimPlatform platform_;
  History history_;
  Workload workload_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::string wrong_;
  std::size_t lives_ = 0;
  bool calm_ = false;  // no more faults
};

// The seed once, or twice when it must be the same both times.
RunOutcome run_seed(std::uint64_t seed, Sabotage sabotage, bool replay);

}  // namespace plinth::sim
