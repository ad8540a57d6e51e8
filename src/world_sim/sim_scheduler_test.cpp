#include "world_sim/sim_scheduler.h"

#include <set>

#include <doctest/doctest.h>

#include "world_sim/sim_world.h"

namespace plinth::world_sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("sim loops: tasks of a loop run in order, time moves for timers only") {
  SimScheduler scheduler(1, TaskOrder::kShuffled);
  SimLoop& loop = scheduler.new_loop("a");
  std::string log;
  loop.after(milliseconds(2), [&] { log += "d"; });
  loop.after(milliseconds(1), [&] {
    log += "c";
    CHECK(loop.in_loop());
  });
  loop.post([&] { log += "a"; });
  loop.post([&] { log += "b"; });
  CHECK_FALSE(loop.in_loop());
  CHECK(scheduler.run_until_idle());
  CHECK(log == "ab");
  CHECK(scheduler.clock().monotonic_ns() == 0);
  CHECK(scheduler.run_for(milliseconds(1)));
  CHECK(log == "abc");
  CHECK(scheduler.run_for(hours(24)));
  CHECK(log == "abcd");
  CHECK(scheduler.clock().monotonic_ns() == 86'400'001'000'000);
}

TEST_CASE("sim loops: timers of one time fire in the order of their making, cancelled ones never") {
  SimScheduler scheduler(1, TaskOrder::kRoundRobin);
  SimLoop& loop = scheduler.new_loop("a");
  std::string log;
  TimerId second = 0, late = 0;
  loop.after(seconds(1), [&] {
    log += "1";
    loop.cancel(second);  // due already, not run yet
  });
  second = loop.after(seconds(1), [&] { log += "2"; });
  loop.after(seconds(1), [&] { log += "3"; });
  late = loop.after(seconds(2), [&] { log += "4"; });
  loop.cancel(late);
  loop.cancel(late);
  loop.cancel(12345);
  CHECK(scheduler.run_for(seconds(5)));
  CHECK(log == "13");
}

std::string interleaving(std::uint64_t seed, TaskOrder order) {
  SimScheduler scheduler(seed, order);
  std::string log;
  for (char name : {'a', 'b', 'c'}) {
    SimLoop& loop = scheduler.new_loop(std::string(1, name));
    for (int i = 0; i < 3; ++i) loop.post([&log, name] { log += name; });
  }
  CHECK(scheduler.run_until_idle());
  return log;
}

TEST_CASE("sim loops: the seed decides between loops") {
  CHECK(interleaving(1, TaskOrder::kRoundRobin) == "abcabcabc");
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    seen.insert(interleaving(seed, TaskOrder::kShuffled));
    CHECK(interleaving(seed, TaskOrder::kShuffled) == interleaving(seed, TaskOrder::kShuffled));
  }
  CHECK(seen.size() > 20);
}

TEST_CASE("sim loops: run_until stops at the condition or the limit") {
  SimScheduler scheduler(1, TaskOrder::kShuffled);
  SimLoop& loop = scheduler.new_loop("a");
  bool done = false;
  loop.after(seconds(3), [&] { done = true; });
  CHECK_FALSE(scheduler.run_until([&] { return done; }, seconds(2)));
  CHECK(scheduler.run_until([&] { return done; }, seconds(2)));
  CHECK(scheduler.clock().monotonic_ns() == 3'000'000'000);
}

TEST_CASE("sim loops: discard drops everything, also what destructors start") {
  SimScheduler scheduler(1, TaskOrder::kShuffled);
  SimLoop& loop = scheduler.new_loop("a");
  bool ran = false;
  struct Poster {
    SimLoop* loop;
    bool* ran;
    ~Poster() {
      if (ran != nullptr) loop->post([r = ran] { *r = true; });
    }
  };
  auto poster = std::make_shared<Poster>(Poster{&loop, nullptr});
  poster->ran = &ran;
  loop.post([poster, &ran] { ran = true; });
  loop.after(seconds(1), [&ran] { ran = true; });
  poster = nullptr;
  scheduler.discard();
  CHECK(scheduler.run_for(seconds(10)));
  CHECK_FALSE(ran);
}

TEST_CASE("sim world: wall time steps, monotonic time does not") {
  SimWorld world(1);
  std::int64_t wall = world.clock().wall_ns();
  world.clock().step_wall(-hours(1));
  CHECK(world.run_for(seconds(1)));
  CHECK(world.clock().wall_ns() == wall - 3'599'000'000'000);
  CHECK(world.clock().monotonic_ns() == 1'000'000'000);
}

TEST_CASE("sim world: pool results come back in an order of their own, bounded") {
  SimWorld world(1);
  std::string log;
  for (char name = 'a'; name < 'k'; ++name) CHECK(world.pool().run([&log, name] { log += name; }).ok());
  CHECK(world.run_for(seconds(1)));
  CHECK(log.size() == 10);
  CHECK(log != "abcdefghij");
  SimPool small(world.scheduler(), 1, 2);
  CHECK(small.run([] {}).ok());
  CHECK(small.run([] {}).ok());
  auto full = small.run([] {});
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().reason() == Reason::kServiceUnavailable);
}

TEST_CASE("sim world: entropy comes from the seed") {
  auto draw = [](std::uint64_t seed) {
    SimWorld world(seed);
    std::array<unsigned char, 16> bytes{};
    world.entropy().fill(bytes);
    return std::string(bytes.begin(), bytes.end());
  };
  CHECK(draw(1) == draw(1));
  CHECK(draw(1) != draw(2));
}

TEST_CASE("sim world: a crash drops tasks and freezes the disk") {
  SimWorld world(1);
  bool ran = false;
  world.new_loop("a").post([&] { ran = true; });
  world.crash();
  CHECK_FALSE(world.disk().list("/").ok());
  world.restart();
  CHECK(world.run_for(seconds(1)));
  CHECK_FALSE(ran);
  CHECK(world.disk().list("/").ok());
}

}  // namespace
}  // namespace plinth::world_sim
