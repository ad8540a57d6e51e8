// csi-driver: the built-in storage driver as a process of its own.
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include "cli/command.h"
#include "cli/fail.h"
#include "csi_driver/device_use.h"
#include "csi_driver/server.h"
#include "platform/signals.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/real_processes.h"
#include "world_real/spawner.h"
#include "world_real/thread_pool.h"

namespace plinth::cli {
namespace {

constexpr std::size_t kThreads = 8, kQueue = 256;
constexpr std::string_view kVersion = PLINTH_VERSION;

struct DriverArguments {
  std::string endpoint, registration, state, node_id;
  double overcommit = 1;
};

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

// "unix:///path" and "unix:/path" alike.
Result<std::string> socket_address(const std::string& text) {
  if (text.starts_with("unix:///")) return "unix:" + text.substr(7);
  if (text.starts_with("unix:/")) return text;
  return bad_request("\"" + text + "\" is no unix:///path");
}

Result<DriverArguments> read_arguments(const Arguments& arguments) {
  DriverArguments out;
  out.endpoint = TRY(socket_address(argument(arguments, "endpoint")));
  if (const std::string text = argument(arguments, "registration"); !text.empty()) out.registration = TRY(socket_address(text));
  out.node_id = argument(arguments, "node-id");
  if (out.node_id.empty()) out.node_id = host_name();
  const std::string factor = argument(arguments, "overcommit");
  char* end = nullptr;
  out.overcommit = std::strtod(factor.c_str(), &end);
  if (factor.empty() || *end != 0 || !(out.overcommit > 0 && out.overcommit <= 1000))
    return bad_request("--overcommit " + factor + ": not a number above 0 and up to 1000");
  out.state = argument(arguments, "state");
  return out;
}

Result<void> serve(const DriverArguments& arguments) {
  // The spawner is forked before there is any thread.
  world_real::UniqueFd spawner = TRY(world_real::fork_spawner());
  const auto signals = TRY(platform::EndSignals::open());
  world_real::RealDisk disk;
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  TRY(disk.make_directories(arguments.state, 0700));
  // The kernel names images by their whole path.
  const std::string state = std::filesystem::canonical(arguments.state).string();
  const auto lock = TRY(disk.lock(state + "/lock"));
  const auto book = TRY(csi_driver::VolumeBook::open(disk, state));
  TRY(csi_driver::sweep(state));
  const auto loop = TRY(world_real::EpollLoop::create());
  const auto processes = TRY(world_real::RealProcesses::create(*loop, std::move(spawner)));
  world_real::ThreadPool pool(kThreads, kQueue);
  world_real::RealNetwork network(pool);
  csi_driver::DriverOptions options{arguments.node_id, std::string(kVersion), arguments.overcommit};
  csi_driver::Context context{
      std::move(options), *book, disk, csi_driver::make_tool_runner(*loop, *processes), clock, entropy, {}, {}, 0};
  const auto server =
      TRY(csi_driver::serve_driver({loop.get(), &network, &clock, &pool}, context, arguments.endpoint, arguments.registration));
  TRY(signals->watch(*loop, [&] { server->drain([&] { loop->stop(); }); }));
  std::printf("ready %s\n", arguments.endpoint.c_str());
  std::fflush(stdout);
  loop->run();
  signals->unwatch();
  return {};
}

int run(const Arguments& arguments) {
  auto read = read_arguments(arguments);
  if (!read.ok()) return fail(2, read.error().message());
  auto served = serve(*read);
  return served.ok() ? 0 : fail(1, served.error().message());
}

}  // namespace

Command csi_driver_command() {
  return {
      "csi-driver",
      "serve the built-in storage driver local.csi.plinth.dev until SIGTERM",
      {{"--endpoint", "ADDR", "unix:///path of the driver's socket", "", true},
       {"--state", "DIR", "where volumes and snapshots are kept", "", true},
       {"--registration", "ADDR", "unix:///path of a socket in plugins_registry that tells a node of the driver", "", false},
       {"--node-id", "NAME", "this node (default: the host's name)", "", false},
       {"--overcommit", "FACTOR", "bytes that may be promised for each free one", "1", false}},
      run};
}

}  // namespace plinth::cli
