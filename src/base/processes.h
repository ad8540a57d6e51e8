// Child processes as the platform uses them: container runtimes, mount helpers, commands in containers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth {

enum class ChildOutput : std::uint8_t {
  kNull,      // thrown away
  kPipes,     // to ChildEvents, standard output and standard error apart
  kTerminal,  // a terminal of its own; everything is standard output, the input is its keyboard
  kFile,      // appended to SpawnRequest::log_file, both
};

struct SpawnRequest {
  std::vector<std::string> arguments;    // the program first: a path, or a name that is looked up in PATH
  std::vector<std::string> environment;  // "KEY=VALUE"; empty: this process's own
  std::string directory;                 // empty: this process's own
  ChildOutput output = ChildOutput::kPipes;
  bool input = false;    // whether write_input() is used; else it reads nothing. A terminal always has input
  std::string log_file;  // with kFile; made with mode 0600
  // Sent to the child when this process ends, however it ends. 0: the child lives on.
  int death_signal = 9;
};

struct ExitStatus {
  int code = 0;    // when it ended by itself
  int signal = 0;  // else what ended it
  bool ok() const { return code == 0 && signal == 0; }
  // As a shell tells it: 128 + signal.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

// What a child tells; on the loop of its Processes. Bytes are valid during the call only.
class ChildEvents {
 public:
  virtual ~ChildEvents() = default;
  virtual void on_output(std::string_view bytes) = 0;
  virtual void on_error_output(std::string_view bytes) { (void)bytes; }
  virtual void on_input_drained() {}  // what write_input() queued has been taken
  // The last call, after all output; output that something else keeps open is waited for a second at most.
  virtual void on_exit(ExitStatus status) = 0;
};

// A running child, the leader of a session and process group of its own. Destroying it kills the group, and no event follows.
// It may be destroyed inside of one of its own events.
class ChildProcess {
 public:
  virtual ~ChildProcess() = default;
  // Nothing is delivered before; `events` outlives the child.
  virtual void start(ChildEvents* events) = 0;
  virtual std::int32_t pid() const = 0;
  virtual void write_input(std::string_view bytes) = 0;
  virtual std::size_t queued_input_bytes() const = 0;
  virtual void close_input() = 0;  // end of file, once what is queued has been taken
  virtual void pause_output(bool paused) = 0;
  virtual void resize(std::uint16_t columns, std::uint16_t rows) = 0;  // of its terminal
  virtual void signal(int number) = 0;                                 // to its group; nothing happens when it has ended
};

// On one loop. `done` runs there exactly once, never before spawn() returned, and not any more after this was destroyed.
// Errors: NotFound (no such program or directory), Forbidden, TooManyRequests (kChildrenMax run), BadRequest (more than
// kRequestBytesMax of arguments), ServiceUnavailable (no process can be made).
class Processes {
 public:
  static constexpr std::size_t kChildrenMax = 1024;
  static constexpr std::size_t kRequestBytesMax = 128 * 1024;
  virtual ~Processes() = default;
  virtual void spawn(SpawnRequest request, UniqueFunction<void(Result<std::unique_ptr<ChildProcess>>)> done) = 0;
};

// What a command that was run to its end said. More than `bytes_max` of output is cut off.
struct CommandOutcome {
  ExitStatus status;
  std::string output, error_output;
};
// Runs a command and collects what it says; Timeout kills it. `input` is written to it.
void run_command(Processes& processes, Loop& loop, SpawnRequest request, std::string input, Duration timeout,
                 std::size_t bytes_max, UniqueFunction<void(Result<CommandOutcome>)> done);

}  // namespace plinth
