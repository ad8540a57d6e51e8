// Commands that are exec'ed in a virtual container.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/runtime/runtime.h"
#include "node/runtime/sim_script.h"

namespace plinth::node {

struct ExecOutcome {
  ExecResult result;
  Duration duration{0};  // a year where it does not end
};

// What a command does when it is given `input` and its end.
ExecOutcome exec_outcome(const std::vector<ScriptStep>& steps, std::string_view input);

// The same, with its input and output as a stream.
std::unique_ptr<ProcessStream> make_sim_process(Loop& loop, std::vector<ScriptStep> steps, bool has_input);

// The same as a connection to a port.
std::unique_ptr<Stream> make_sim_connection(Loop& loop, std::vector<ScriptStep> steps);

}  // namespace plinth::node
