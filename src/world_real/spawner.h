// The process that starts children for this one.
#pragma once

#include "base/result.h"
#include "world_real/unique_fd.h"

namespace plinth::world_real {

// Forks the spawner: a small process with one thread that forks and waits for children, so that the program's threads never
// fork. Called before any thread is made. It ends when the returned socket is closed, which includes every end of this process;
// children then get their death signal. For RealProcesses.
Result<UniqueFd> fork_spawner();

}  // namespace plinth::world_real
