#include "world_real/epoll_loop.h"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "world_real/test_loop.h"
#include "world_real/thread_pool.h"

namespace plinth::world_real {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<EpollLoop> make_loop() { return std::move(EpollLoop::create()).value(); }

TEST_CASE("timers run by deadline, equal ones in the order they were set, cancelled ones never") {
  TimerQueue timers;
  std::vector<int> ran;
  auto record = [&ran](int n) { return Task([&ran, n] { ran.push_back(n); }); };
  timers.add(30, record(3));
  timers.add(10, record(1));
  const TimerId cancelled = timers.add(20, record(99));
  timers.add(10, record(2));
  timers.cancel(cancelled);
  CHECK(timers.next_deadline_ns() == 10);
  CHECK(!timers.take_due(9));
  while (const Task task = timers.take_due(29)) task();
  CHECK(ran == std::vector<int>{1, 2});
  while (const Task task = timers.take_due(30)) task();
  CHECK(ran == std::vector<int>{1, 2, 3});
  CHECK(timers.size() == 0);
  CHECK(!timers.next_deadline_ns().has_value());
}

TEST_CASE("many cancelled timers do not pile up") {
  TimerQueue timers;
  for (int i = 0; i < 100'000; ++i) timers.cancel(timers.add(1'000'000 + i, [] {}));
  timers.add(5, [] {});
  CHECK(timers.size() == 1);
  CHECK(timers.next_deadline_ns() == 5);
}

TEST_CASE("tasks posted by one thread run in order on the loop's thread, whoever posts") {
  auto loop = make_loop();
  constexpr int kThreads = 4;
  constexpr int kTasks = 2000;
  std::vector<std::vector<int>> seen(kThreads);
  std::vector<std::thread> threads;
  int total = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      CHECK_FALSE(loop->in_loop());
      for (int i = 0; i < kTasks; ++i) {
        loop->post([&, t, i] {
          seen[static_cast<std::size_t>(t)].push_back(i);
          ++total;
        });
      }
    });
  }
  CHECK(poll_until(*loop, [&] { return total == kThreads * kTasks; }));
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : seen) CHECK(std::is_sorted(one.begin(), one.end()));
}

TEST_CASE("run ends at stop, after the tasks that were posted before") {
  auto loop = make_loop();
  bool ran = false;
  std::thread stopper([&] {
    loop->post([&] { ran = loop->in_loop(); });
    loop->stop();
  });
  loop->run();
  stopper.join();
  CHECK(ran);
}

TEST_CASE("a timer fires; a cancelled one does not; a task may cancel another") {
  auto loop = make_loop();
  bool fired = false;
  bool wrong = false;
  const TimerId cancelled = loop->after(milliseconds(2), [&] { wrong = true; });
  loop->post([&] { loop->cancel(cancelled); });
  loop->after(milliseconds(5), [&] { fired = true; });
  CHECK(poll_until(*loop, [&] { return fired; }));
  CHECK_FALSE(wrong);
}

TEST_CASE("tasks that never ran are destroyed with the loop, also those that post in their destructor") {
  struct PostsWhenDying {
    EpollLoop* loop = nullptr;
    std::shared_ptr<int> counted;
    PostsWhenDying(EpollLoop* l, std::shared_ptr<int> c) : loop(l), counted(std::move(c)) {}
    PostsWhenDying(PostsWhenDying&& other) noexcept
        : loop(std::exchange(other.loop, nullptr)), counted(std::move(other.counted)) {}
    ~PostsWhenDying() {
      if (loop != nullptr) loop->post([kept = counted] {});
    }
  };
  auto counted = std::make_shared<int>(0);
  auto loop = make_loop();
  loop->post([dying = PostsWhenDying(loop.get(), counted)] {});
  loop->after(milliseconds(1), [kept = counted] {});
  loop.reset();
  CHECK(counted.use_count() == 1);
}

TEST_CASE("a pool runs everything it accepted and refuses what is beyond its queue") {
  std::atomic<int> ran{0};
  ThreadPool pool(2, 100);
  std::mutex gate;
  gate.lock();
  std::atomic<int> blocked{0};
  for (int i = 0; i < 2; ++i) {
    REQUIRE(pool.run([&] {
                  ++blocked;
                  const std::lock_guard wait(gate);
                  ++ran;
                })
                .ok());
  }
  while (blocked != 2) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) REQUIRE(pool.run([&] { ++ran; }).ok());
  auto refused = pool.run([] {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason() == Reason::kServiceUnavailable);
  gate.unlock();
  while (ran != 102) std::this_thread::yield();
}

}  // namespace
}  // namespace plinth::world_real
