// plinth_sim: simulated platforms under faults, one for each seed, on all processors.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/compose_run.h"
#include "sim/definition_run.h"
#include "sim/schema_run.h"
#include "sim/sim_run.h"

namespace plinth::sim {
namespace {

struct Arguments {
  std::uint64_t seeds = 200, from = 1, jobs = 0, replay_every = 10;
  std::string mutation;
  bool boot_time = false;
  bool compose = false, definitions = false, schemas = false;
};

// Shared with the processes that run seeds; one writes its own.
struct Progress {
  std::uint64_t seed = 0, done = 0, failed = 0, lives = 0, acknowledged = 0, watched = 0;
};

constexpr const char* kUsage =
    "usage: ./dev sim [--seeds N] [--from S] [--jobs N] [--replay-every N] [--mutation no-sync|no-checksum|no-tail-cut] "
    "[--compose | --definitions | --schemas] [--boot-time]\n";

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--boot-time") {
      out.boot_time = true;
      continue;
    }
    if (name == "--compose" || name == "--definitions" || name == "--schemas") {
      (name == "--compose" ? out.compose : name == "--definitions" ? out.definitions : out.schemas) = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (name == "--mutation") {
      out.mutation = value;
      continue;
    }
    const auto number = parse_integer<std::uint64_t>(value);
    if (!number) return false;
    if (name == "--seeds")
      out.seeds = *number;
    else if (name == "--from")
      out.from = *number;
    else if (name == "--jobs")
      out.jobs = *number;
    else if (name == "--replay-every")
      out.replay_every = *number;
    else
      return false;
  }
  return true;
}

bool sabotage_of(const std::string& name, Sabotage& out) {
  out.skip_sync = name == "no-sync";
  out.skip_checksum = name == "no-checksum";
  out.skip_tail_cut = name == "no-tail-cut";
  return name.empty() || out.skip_sync || out.skip_checksum || out.skip_tail_cut;
}

constexpr ClientKind kClients[] = {ClientKind::kDirect, ClientKind::kLagging, ClientKind::kRemote};

// Of composition alone, the clients in turn.
template <typename Run>
RunOutcome run_compose_seed(std::uint64_t seed) {
  RunOutcome out;
  Run run(seed, kClients[seed % std::size(kClients)]);
  out.wrong = run.run();
  out.lives = run.lives();
  return out;
}

// Of custom resources whose definitions change.
RunOutcome run_schema_seed(std::uint64_t seed) {
  RunOutcome out;
  SchemaRun run(seed, kClients[seed % std::size(kClients)]);
  out.wrong = run.run();
  out.lives = run.lives();
  out.acknowledged = run.acknowledged();
  return out;
}

// Every `jobs`-th seed; ends at the first that fails.
int run_share(const Arguments& arguments, Sabotage sabotage, std::uint64_t share, Progress& progress) {
  for (std::uint64_t n = share; n < arguments.seeds; n += arguments.jobs) {
    progress.seed = arguments.from + n;
    const bool replay =
        arguments.replay_every != 0 && progress.seed % arguments.replay_every == 0 && arguments.mutation.empty();
    const RunOutcome outcome = arguments.compose       ? run_compose_seed<ComposeRun>(progress.seed)
                               : arguments.definitions ? run_compose_seed<DefinitionRun>(progress.seed)
                               : arguments.schemas     ? run_schema_seed(progress.seed)
                                                       : run_seed(progress.seed, sabotage, replay);
    ++progress.done;
    progress.lives += outcome.lives;
    progress.acknowledged += outcome.acknowledged;
    progress.watched += outcome.watched;
    if (outcome.wrong.empty()) continue;
    ++progress.failed;
    const std::string text = "seed " + std::to_string(progress.seed) + ": " + outcome.wrong + "\n  again: ./dev sim --from " +
                             std::to_string(progress.seed) + " --seeds 1" +
                             (arguments.compose       ? " --compose"
                              : arguments.definitions ? " --definitions"
                              : arguments.schemas     ? " --schemas"
                                                      : "") +
                             (arguments.mutation.empty() ? "" : " --mutation " + arguments.mutation) + "\n";
    if (write(STDOUT_FILENO, text.data(), text.size()) < 0) return 2;
    return 1;
  }
  return 0;
}

// Runs the shares in processes of their own: a crash of one names its seed.
int run_all(const Arguments& arguments, Sabotage sabotage) {
  const auto started = std::chrono::steady_clock::now();
  void* shared = mmap(nullptr, sizeof(Progress) * arguments.jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  auto* progress = static_cast<Progress*>(shared);
  std::vector<pid_t> children;
  for (std::uint64_t i = 0; i < arguments.jobs; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(run_share(arguments, sabotage, i, progress[i]));
    children.push_back(child);
  }
  std::uint64_t crashed = 0;
  Progress sum;
  for (std::uint64_t i = 0; i < arguments.jobs; ++i) {
    int status = 0;
    waitpid(children[i], &status, 0);
    if (!WIFEXITED(status)) {
      ++crashed;
      std::printf("seed %lu: the process died\n  again: ./dev sim --from %lu --seeds 1\n", progress[i].seed, progress[i].seed);
    }
    sum.done += progress[i].done;
    sum.failed += progress[i].failed;
    sum.lives += progress[i].lives;
    sum.acknowledged += progress[i].acknowledged;
    sum.watched += progress[i].watched;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("%lu seeds, %lu lives, %lu acknowledged requests, %lu watched events in %.1f s (%.0f seeds a minute)\n", sum.done,
              sum.lives, sum.acknowledged, sum.watched, seconds, static_cast<double>(sum.done) * 60 / seconds);
  if (arguments.mutation.empty()) return sum.failed + crashed == 0 ? 0 : 1;
  std::printf("%s is %s\n", arguments.mutation.c_str(), sum.failed > 0 ? "caught" : "NOT caught");
  return sum.failed > 0 ? 0 : 1;
}

// Processor time of a first start on an empty disk, and of one that finds everything; the best of some.
int measure_boot() {
  constexpr int kRounds = 30;
  double first = 1e9, second = 1e9;
  auto now = [] { return static_cast<double>(std::clock()) * 1000 / CLOCKS_PER_SEC; };
  for (int i = 0; i < kRounds; ++i) {
    SimPlatform platform(static_cast<std::uint64_t>(i));
    double begin = now();
    if (!platform.boot().ok()) return 1;
    first = std::min(first, now() - begin);
    platform.settle();
    platform.crash();
    begin = now();
    if (!platform.boot().ok()) return 1;
    second = std::min(second, now() - begin);
  }
  std::printf("boot of a simulated platform: first start %.2f ms, later ones %.2f ms\n", first, second);
  return 0;
}

int run(int argc, char** argv) {
  Arguments arguments;
  Sabotage sabotage;
  if (!parse(argc, argv, arguments) || !sabotage_of(arguments.mutation, sabotage)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (arguments.boot_time) return measure_boot();
  if (arguments.jobs == 0) arguments.jobs = std::max(1u, std::thread::hardware_concurrency());
  return run_all(arguments, sabotage);
}

}  // namespace
}  // namespace plinth::sim

int main(int argc, char** argv) { return plinth::sim::run(argc, argv); }
