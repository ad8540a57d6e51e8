#include "csi_driver/tools.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include <fmt/core.h>

#include "base/text.h"

namespace plinth::csi_driver {
namespace {

constexpr std::size_t kShownMax = 400;

// One answer, handed from the loop to the thread that waits for it.
struct Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<CommandOutcome>> outcome;  // guarded by mutex
};

}  // namespace

RunTool make_tool_runner(Loop& loop, Processes& processes) {
  return [&loop, &processes](std::vector<std::string> arguments) {
    const auto waiting = std::make_shared<Waiting>();
    loop.post([&loop, &processes, waiting, arguments = std::move(arguments)]() mutable {
      SpawnRequest request;
      request.arguments = std::move(arguments);
      run_command(processes, loop, std::move(request), "", kToolTimeout, kToolOutputMax,
                  [waiting](Result<CommandOutcome> outcome) {
                    const std::lock_guard lock(waiting->mutex);
                    waiting->outcome.emplace(std::move(outcome));
                    waiting->changed.notify_one();
                  });
    });
    std::unique_lock lock(waiting->mutex);
    waiting->changed.wait(lock, [&] { return waiting->outcome.has_value(); });
    return std::move(*waiting->outcome);
  };
}

Result<void> require_exit(const std::string& what, const Result<CommandOutcome>& outcome, int worst) {
  if (!outcome.ok()) return Error(outcome.error().reason(), what + ": " + outcome.error().message());
  const int code = outcome.value().status.shell_code();
  if (code <= worst) return {};
  std::string said = outcome.value().error_output.empty() ? outcome.value().output : outcome.value().error_output;
  if (said.size() > kShownMax) said.erase(0, said.size() - kShownMax);
  return internal_error(fmt::format("{} ended with status {}: {}", what, code, trim(said)));
}

}  // namespace plinth::csi_driver
