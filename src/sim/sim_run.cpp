#include "sim/sim_run.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "sim/rest.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;
using world_sim::CrashPolicy;
using world_sim::DiskOperation;

constexpr int kBootAttempts = 20;

}  // namespace

SimPlatformOptions SimRun::options_of(std::uint64_t seed, Sabotage sabotage) {
  world_sim::SimRandom random(seed * 31 + 7);
  SimPlatformOptions options;
  options.sabotage = sabotage;
  options.verbose = std::getenv("PLINTH_SIM_VERBOSE") != nullptr;
  options.client = random.below(3) == 0 ? ClientKind::kDirect : ClientKind::kLagging;
  options.segment_bytes = random.coin() ? 128 << 10 : 256 << 10;
  if (random.below(4) == 0) options.history_bytes_max = 3 * options.segment_bytes;
  return options;
}

SimRun::SimRun(std::uint64_t seed, Sabotage sabotage)
    : random_(seed * 7919 + 1),
      platform_(seed, options_of(seed, sabotage)),
      workload_(platform_, history_, seed * 104'729 + 3) {
  platform_.world().disk().set_lose_directories(random_.coin());
  watchers_.push_back(std::make_unique<Watcher>("/api/v1/configmaps", "/core/configmaps/", false));
  watchers_.push_back(std::make_unique<Watcher>("/api/v1/namespaces/default/configmaps", "/core/configmaps/default/", true));
  watchers_.push_back(std::make_unique<Watcher>("/api/v1/namespaces", "/core/namespaces/", false));
  watchers_.push_back(std::make_unique<Watcher>("/apis/example.com/v1/widgets", "/example.com/widgets/", false));
}

void SimRun::fail(const std::string& what) {
  if (wrong_.empty()) wrong_ = fmt::format("life {}: {}", lives_, what);
}

bool SimRun::boot() {
  ++lives_;
  auto& disk = platform_.world().disk();
  for (int attempt = 0; attempt < kBootAttempts; ++attempt) {
    if (!calm_ && attempt == 0 && random_.below(6) == 0) disk.crash_after_writes(1 + random_.below(lives_ == 1 ? 60 : 8));
    auto booted = platform_.boot();
    if (booted.ok()) return true;
    if (!disk.crashed() && booted.error().message().find("injected fault") == std::string::npos) {
      // A failed sync is final for a process; the next one goes on.
      const bool read_only = platform_.running() && platform_.control().store().stats().read_only;
      if (!read_only) {
        fail("it does not start: " + booted.error().message());
        return false;
      }
    }
    platform_.crash();
  }
  fail("it never starts");
  return false;
}

void SimRun::drop_watchers() {
  for (auto& watcher : watchers_) watcher->drop();
}

void SimRun::checkpoint(bool quiet) {
  if (platform_.world().disk().crashed()) return;
  if (std::string wrong = history_.pull(); !wrong.empty()) return fail(wrong);
  if (std::string wrong = workload_.check(); !wrong.empty()) return fail(wrong);
  for (auto& watcher : watchers_) {
    if (std::string wrong = watcher->check(history_, quiet); !wrong.empty()) return fail(wrong);
  }
}

void SimRun::plan_faults() {
  auto& disk = platform_.world().disk();
  const std::uint64_t kind = random_.below(6);
  if (kind == 0) disk.crash_after_writes(1 + random_.below(60));
  if (kind == 1) disk.fail_nth(DiskOperation::kSync, 1 + random_.below(60));
  const auto free = disk.free_bytes("/");
  if (kind == 2 && free.ok())
    disk.set_capacity(UINT64_MAX - *free + random_.below(40'000));
  else
    disk.set_capacity(UINT64_MAX);
}

void SimRun::live() {
  auto& world = platform_.world();
  plan_faults();
  const std::uint64_t steps = 5 + random_.below(25);
  for (std::uint64_t i = 0; i < steps && fine() && !world.disk().crashed(); ++i) {
    for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) workload_.step();
    const std::uint64_t how = random_.below(4);
    if (how == 0)
      world.run_until_idle();
    else if (how == 1)
      world.run_for(Duration(static_cast<std::int64_t>(random_.below(1'500'000'000))));
    else
      for (std::uint64_t n = random_.below(40); n > 0; --n) world.scheduler().step();
    if (world.disk().crashed()) break;
    if (random_.below(8) == 0) watchers_[random_.below(watchers_.size())]->drop();
    if (random_.below(3) == 0) {
      for (auto& watcher : watchers_) watcher->resume(platform_);
    }
    checkpoint(false);
  }
  if (!fine() || world.disk().crashed() || random_.coin()) return;
  // Everything that happened must have come to whoever watches.
  for (auto& watcher : watchers_) watcher->resume(platform_);
  world.run_for(2s);
  world.run_until_idle();
  if (!world.disk().crashed() && !platform_.control().store().stats().read_only) checkpoint(true);
}

void SimRun::end() {
  drop_watchers();
  // Whatever was published before the end was durable, also where nobody has come to read it.
  (void)history_.pull();
  history_.let_go();
  workload_.lost_connection();
  constexpr CrashPolicy kPolicies[] = {CrashPolicy::kRandom, CrashPolicy::kRandom, CrashPolicy::kLoseAll,
                                       CrashPolicy::kKeepAll};
  const bool clean = !platform_.world().disk().crashed() && random_.below(5) == 0;
  if (clean)
    platform_.kill(true);
  else
    platform_.crash(kPolicies[random_.below(4)]);
}

// With nothing more in the way.
void SimRun::converge() {
  calm_ = true;
  platform_.world().disk().clear_faults();
  if (!boot()) return;
  if (std::string wrong = history_.follow(platform_.control().store(), platform_.control().api().registry(), platform_.loop());
      !wrong.empty()) {
    return fail(wrong);
  }
  workload_.release_finalizers();
  platform_.settle(150s);
  checkpoint(false);
  if (fine()) check_rest();
}

void SimRun::check_rest() {
  if (std::string wrong = not_at_rest(platform_); !wrong.empty()) return fail(wrong);
  const store::Revision before = platform_.control().store().snapshot()->revision();
  platform_.settle(60s);
  const store::Revision after = platform_.control().store().snapshot()->revision();
  if (before != after) return fail(fmt::format("something is written for ever: {} to {} at rest", before, after));
  for (auto& watcher : watchers_) watcher->resume(platform_);
  platform_.settle(1s);
  checkpoint(true);
}

// Bits flip on the disk while nobody looks: the platform refuses to start and says what to do, or has lost no more than its
// last group.
void SimRun::check_rot() {
  if (random_.below(4) != 0) return;
  end();
  platform_.world().disk().clear_faults();
  if (!flip_bits(platform_.world().disk(), random_)) return;
  auto opened = platform_.open();
  if (!opened.ok()) {
    const std::string& message = opened.error().message();
    const bool helps = message.find("/data") != std::string::npos && message.find("estore") != std::string::npos;
    if (!helps) fail("damage is refused without saying what to do: " + message);
    return;
  }
  if (std::string wrong = not_a_former_state(platform_.control().store(), platform_.control().api().registry(), history_);
      !wrong.empty()) {
    fail("after bits flipped: " + wrong);
  }
}

RunOutcome SimRun::run() {
  const std::uint64_t lives = 2 + random_.below(3);
  for (std::uint64_t life = 0; life < lives && fine(); ++life) {
    if (!boot()) break;
    auto& control = platform_.control();
    if (std::string wrong = history_.follow(control.store(), control.api().registry(), platform_.loop()); !wrong.empty())
      fail(wrong);
    if (fine()) {
      if (std::string wrong = history_.compare_with_store(control.store(), control.api().registry()); !wrong.empty())
        fail(wrong);
    }
    if (fine()) {
      if (std::string wrong = workload_.check_gap(history_); !wrong.empty()) fail(wrong);
    }
    if (!fine()) break;
    for (auto& watcher : watchers_) watcher->resume(platform_);
    checkpoint(false);
    if (fine()) live();
    end();
  }
  if (fine()) converge();
  RunOutcome outcome;
  outcome.digest = workload_.transcript() ^ platform_.world().disk().fingerprint() ^
                   platform_.world().scheduler().tasks_run() * 0x9E3779B97F4A7C15ull;
  for (auto& watcher : watchers_) {
    outcome.digest = outcome.digest * 31 + watcher->bytes_digest();
    outcome.watched += watcher->events_seen();
  }
  if (fine()) check_rot();
  drop_watchers();
  history_.let_go();
  outcome.wrong = wrong_;
  outcome.lives = lives_;
  outcome.acknowledged = workload_.acknowledged();
  return outcome;
}

RunOutcome run_seed(std::uint64_t seed, Sabotage sabotage, bool replay) {
  RunOutcome outcome = SimRun(seed, sabotage).run();
  if (!replay || !outcome.wrong.empty()) return outcome;
  const RunOutcome again = SimRun(seed, sabotage).run();
  if (again.digest != outcome.digest) outcome.wrong = "the same seed does not give the same bytes";
  return outcome;
}

}  // namespace plinth::sim
