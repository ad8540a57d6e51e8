// A whole world from a seed: clock, entropy, disk, network and loops on one thread. What runs in it is replayed by the seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/world.h"
#include "world_sim/sim_disk.h"
#include "world_sim/sim_network.h"
#include "world_sim/sim_random.h"
#include "world_sim/sim_scheduler.h"

namespace plinth::world_sim {

class SimEntropy final : public Entropy {
 public:
  explicit SimEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(std::span<unsigned char> out) override;

 private:
  SimRandom random_;
};

// Blocking work, each task after a delay of its own, so that results come back in any order.
class SimPool final : public Pool {
 public:
  SimPool(SimScheduler& scheduler, std::uint64_t seed, std::size_t queue_max = 1024)
      : loop_(scheduler.new_loop("pool")), random_(seed), queue_max_(queue_max) {}
  Result<void> run(Task task) override;
  // After SimScheduler::discard dropped the tasks.
  void forget() { waiting_ = 0; }

 private:
  SimLoop& loop_;
  SimRandom random_;
  std::size_t queue_max_;
  std::size_t waiting_ = 0;
};

// Not thread-safe. Several worlds may exist and run in turns.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed, TaskOrder order = TaskOrder::kShuffled);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // The interfaces, to assemble a platform over. They live as long as this object.
  World world() { return {&clock(), &entropy_, &disk_, &network_}; }
  std::uint64_t seed() const { return seed_; }

  SimScheduler& scheduler() { return scheduler_; }
  SimClock& clock() { return scheduler_.clock(); }
  SimEntropy& entropy() { return entropy_; }
  SimDisk& disk() { return disk_; }
  SimNetwork& network() { return network_; }
  SimPool& pool() { return pool_; }
  // For the test's own choices, apart from those of the world.
  SimRandom& random() { return random_; }

  SimLoop& new_loop(std::string name) { return scheduler_.new_loop(std::move(name)); }
  bool run_until_idle() { return scheduler_.run_until_idle(); }
  bool run_for(Duration duration) { return scheduler_.run_for(duration); }
  bool run_until(const std::function<bool()>& done, Duration limit) { return scheduler_.run_until(done, limit); }

  // Kills what runs here as a power cut would: connections die, the disk refuses everything, no task or timer runs any more.
  // The objects of the platform must be destroyed before restart() (their destructors see a dead disk).
  void crash();
  // The machine comes back: the disk with what survived.
  void restart();

 private:
  std::uint64_t seed_;
  SimRandom random_;
  SimScheduler scheduler_;
  SimEntropy entropy_;
  SimDisk disk_;
  SimNetwork network_;
  SimPool pool_;
};

}  // namespace plinth::world_sim
