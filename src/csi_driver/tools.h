// The filesystem tools of the machine (mkfs, e2fsck, resize2fs, xfs_growfs), run by threads that may wait.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/processes.h"

namespace plinth::csi_driver {

// Runs a command to its end; any thread but the loop's.
using RunTool = std::function<Result<CommandOutcome>(std::vector<std::string> arguments)>;

constexpr Duration kToolTimeout = std::chrono::minutes(5);
constexpr std::size_t kToolOutputMax = 64 * 1024;

// Children of `processes`, on its loop. Both outlive every call.
RunTool make_tool_runner(Loop& loop, Processes& processes);

// What is wrong when an exit status above `worst` comes back: the command, its status, the end of what it said.
Result<void> require_exit(const std::string& what, const Result<CommandOutcome>& outcome, int worst = 0);

}  // namespace plinth::csi_driver
