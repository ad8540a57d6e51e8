#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fail.h"
#include "csi_driver/device_use.h"
#include "platform/cri_node.h"
#include "world_real/spawner.h"

namespace plinth::cli {
namespace {

// Raw devices of volumes, which no mount holds: what is still there.
std::vector<std::string> end_devices(const std::string& data_dir) {
  std::error_code error;
  const auto folder = std::filesystem::canonical(data_dir + "/node/volumes", error);
  if (error) return {};
  auto left = csi_driver::end_devices(folder.string());
  return left.ok() ? std::move(*left) : std::vector<std::string>{left.error().message()};
}

int run(const Arguments& arguments) {
  const std::string grace = argument(arguments, "grace");
  const auto seconds = parse_integer<std::uint32_t>(grace);
  if (!seconds) return fail(2, "--grace " + grace + ": not a number of seconds");
  auto spawner = world_real::fork_spawner();
  if (!spawner.ok()) return fail(1, spawner.error().message());
  platform::CriNodeOptions options;
  const std::string data_dir = argument(arguments, "data-dir");
  options.data_dir = data_dir;
  options.cri_socket = argument(arguments, "cri-socket");
  options.spawner = std::make_shared<world_real::UniqueFd>(std::move(*spawner));
  auto report = platform::take_down_cri_node(std::move(options), std::chrono::seconds(*seconds));
  if (!report.ok()) return fail(1, report.error().message());
  for (std::string& problem : end_devices(data_dir)) report->problems.push_back(std::move(problem));
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
