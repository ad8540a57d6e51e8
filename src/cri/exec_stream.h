// A command in a container, started by the OCI runtime itself: pipes or a terminal in our hands, the exact exit code, an end of
// the input that does not end the output. For .cpp files of cri only.
#pragma once

#include <memory>
#include <string>

#include "base/processes.h"
#include "node/runtime/runtime.h"

namespace plinth::cri {

struct ExecPlan {
  std::string oci_program, oci_root;
  std::string pid_file;  // holds the command's process id on this machine
};

// What the OCI runtime is called with.
SpawnRequest exec_arguments(const ExecPlan& plan, const node::ExecRequest& request);

// Takes over a child that was started with exec_arguments(). Destroyed before the command has ended, it kills the command,
// which is a process of its own in the container: `processes` outlives that.
std::unique_ptr<node::ProcessStream> make_exec_stream(Processes& processes, Loop& loop, Disk& disk, ExecPlan plan,
                                                      std::unique_ptr<ChildProcess> child);

}  // namespace plinth::cri
