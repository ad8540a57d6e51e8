// What must be true of a platform that was left alone, and of one whose disk has rotted.
#pragma once

#include <string>

#include "sim/history.h"
#include "sim/sim_platform.h"

namespace plinth::sim {

// What controllers have left undone; "" when nothing: no owner is missing, no deletion waits, every namespace has its content,
// nothing is in a namespace that is not there, the view that controllers have is what is stored, and no step plans anything.
std::string not_at_rest(SimPlatform& platform);

// "" when what is stored is a state that has been, whole.
std::string not_a_former_state(store::Store& store, server::KindRegistry& registry, const History& history);

// Flips some bits where the log or a snapshot has content. False when there is none.
bool flip_bits(world_sim::SimDisk& disk, world_sim::SimRandom& random);

}  // namespace plinth::sim
