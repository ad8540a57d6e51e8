#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fail.h"
#include "platform/cri_node.h"
#include "world_real/spawner.h"

namespace plinth::cli {
namespace {

int run(const Arguments& arguments) {
  const std::string grace = argument(arguments, "grace");
  const auto seconds = parse_integer<std::uint32_t>(grace);
  if (!seconds) return fail(2, "--grace " + grace + ": not a number of seconds");
  auto spawner = world_real::fork_spawner();
  if (!spawner.ok()) return fail(1, spawner.error().message());
  platform::CriNodeOptions options;
  options.data_dir = argument(arguments, "data-dir");
  options.cri_socket = argument(arguments, "cri-socket");
  options.spawner = std::make_shared<world_real::UniqueFd>(std::move(*spawner));
  auto report = platform::take_down_cri_node(std::move(options), std::chrono::seconds(*seconds));
  if (!report.ok()) return fail(1, report.error().message());
  std::printf("ended %zu containers in %zu pods\n", report->containers, report->sandboxes);
  for (const std::string& problem : report->problems) (void)fail(1, problem);
  return report->problems.empty() ? 0 : 1;
}

}  // namespace

Command down_command() {
  return {"down",
          "end the pods that `plinth up --node cri` left running, and their network, mounts and containerd",
          {{"--data-dir", "DIR", "of the platform, which must not run", "./plinth-data", false},
           {"--grace", "SECONDS", "no pod gets more time to end than this", "3600", false},
           {"--cri-socket", "PATH", "as it was given to `plinth up`", "", false}},
          run};
}

}  // namespace plinth::cli
