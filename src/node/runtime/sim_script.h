// The little shell of the virtual node: what a container or an exec'ed command does, as steps that a clock can play. It knows a
// few programs; every other program simply runs until it is stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

struct ScriptStep {
  enum class Kind : std::uint8_t {
    kOutput,  // text on standard output, or `error_output`, or into a file
    kSleep,
    kExit,
    kRun,        // until it is stopped
    kCopyInput,  // cat without a file: input becomes output until its end
    kIgnoreTerm,
    kTermExit,   // SIGTERM makes it exit with `code`
    kFailTimes,  // exits with `code` in the first `count` attempts
  };
  Kind kind = Kind::kRun;
  std::string text, file;
  bool error_output = false, append = false;
  Duration duration{0};
  std::int32_t code = 0;
  std::uint32_t count = 0;
};

// What programs see of their container.
struct ScriptContext {
  Environment envs;
  std::string hostname;
  // A file inside of the container; an error's message is what `cat` says.
  std::function<Result<std::string>(const std::string& path)> read;
  std::function<Result<std::string>(const std::string& path)> list;  // lines, for `ls`
};

// The steps of a command line. Programs: sh -c TEXT (commands separated by ';', '&&' or line ends), true, false, echo, printf,
// sleep, exit, env, cat, ls, hostname, trap '' TERM, trap 'exit N' TERM, wait, and `fail-times N CODE` of its own. `> FILE`,
// `>> FILE` and `>&2` redirect. An error when there is no such program: one whose name says so ("no-such-...", "/no/such/...",
// "nonexistent...").
Result<std::vector<ScriptStep>> parse_script(const std::vector<std::string>& command, const ScriptContext& context);

// Whether a name stands for something that does not exist on the virtual node: programs and images.
bool names_nothing(std::string_view name);

}  // namespace plinth::node
