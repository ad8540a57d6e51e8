#include "world_sim/sim_world.h"

namespace plinth::world_sim {
namespace {

constexpr std::uint64_t kPoolDelayNsMax = 2'000'000;

}  // namespace

void SimEntropy::fill(std::span<unsigned char> out) {
  for (unsigned char& byte : out) byte = static_cast<unsigned char>(random_.next() >> 56);
}

Result<void> SimPool::run(Task task) {
  if (waiting_ >= queue_max_) return Error(Reason::kServiceUnavailable, "the pool's queue is full");
  ++waiting_;
  loop_.after(Duration(static_cast<std::int64_t>(random_.below(kPoolDelayNsMax))), [this, task = std::move(task)] {
    --waiting_;
    task();
  });
  return {};
}

// Each part draws from a source of its own: a change in one does not change the others' choices.
SimWorld::SimWorld(std::uint64_t seed, TaskOrder order)
    : seed_(seed),
      random_(seed),
      scheduler_(random_.next(), order),
      entropy_(random_.next()),
      disk_(random_.next()),
      network_(scheduler_, random_.next()),
      pool_(scheduler_, random_.next()) {}

// Tasks may hold streams, which need the network.
SimWorld::~SimWorld() { scheduler_.discard(); }

void SimWorld::crash() {
  disk_.crash();
  network_.reset_all_connections();
  scheduler_.discard();
  pool_.forget();
}

void SimWorld::restart() {
  scheduler_.discard();
  pool_.forget();
  disk_.restart();
}

}  // namespace plinth::world_sim
