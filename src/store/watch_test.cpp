// Watches: what they see, when they wake, when they expire, what they cost.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "store/watch_state.h"

namespace plinth::store {
namespace {

struct Bench {
  TestMachine machine;
  StoreOptions options;
  std::unique_ptr<Store> store;
  explicit Bench(const std::string& directory = "/data") {
    options.directory = directory;
    options.segment_bytes = 64 << 10;
    options.history_bytes_max = 256 << 10;
    options.snapshot_tail_bytes_min = 128 << 10;
    open();
  }
  void open() {
    store.reset();
    auto made = make_store(options, machine.world(), StoreWiring{nullptr, &machine.loop});
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store = std::move(made).value();
  }
  Revision put(const std::string& key, const std::string& text) {
    const CommitOutcome outcome = commit_now(*store, machine.loop, put_transaction(key, text));
    REQUIRE(outcome.kind == CommitOutcome::Kind::kCommitted);
    machine.loop.run();
    return outcome.committed.revision;
  }
  Revision erase(const std::string& key) {
    const CommitOutcome outcome = commit_now(*store, machine.loop, delete_transaction(key));
    machine.loop.run();
    return outcome.committed.revision;
  }
  std::unique_ptr<Watch> watch(const std::string& prefix, Revision after, Task wake = nullptr) {
    auto made = store->watch(prefix, after, machine.loop, std::move(wake));
    REQUIRE(made.ok());
    return std::move(made).value();
  }
};

// "put a=1 was -" for each event.
std::vector<std::string> drain(Watch& watch, std::size_t at_once = 100) {
  std::vector<std::string> out;
  for (;;) {
    Revision progress = 0;
    auto events = watch.next(at_once, progress);
    REQUIRE_MESSAGE(events.ok(), (events.ok() ? "" : events.error().message()));
    if (events->empty()) return out;
    CHECK(events->size() <= at_once);
    CHECK(progress >= events->back()->revision);
    for (const EventPtr& event : *events) {
      const std::string_view key = event->current->key();
      CHECK(revision_in_body(*event->current) == event->revision);
      out.push_back(fmt::format("{} {}={} was {}", event->type == EventType::kPut ? "put" : "delete",
                                key.substr(key.rfind('/') + 1), text_of(*event->current),
                                event->previous == nullptr ? "-" : text_of(*event->previous)));
    }
  }
}

using Lines = std::vector<std::string>;

TEST_CASE("a watch sees what happens below its prefix, in order, from its revision on") {
  for (const char* directory : {"/data", ":memory:"}) {
    CAPTURE(directory);
    Bench bench(directory);
    bench.put("/core/pods/a/x", "1");
    const Revision from = bench.put("/core/pods/b/y", "2");
    struct Row {
      const char* prefix;
      Lines sees;
    };
    const Row rows[] = {
        {"", {"put x=3 was 1", "put z=4 was -", "put c=5 was -", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/", {"put x=3 was 1", "put z=4 was -", "put c=5 was -", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/", {"put x=3 was 1", "put z=4 was -", "put c=5 was -", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/pods/", {"put x=3 was 1", "put z=4 was -", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/pods/a/", {"put x=3 was 1", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/pods/a/x", {"put x=3 was 1", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/pods/a/xx", {"put xx=7 was -"}},
        {"/core/pods/a", {"put x=3 was 1", "delete x=3 was 3", "put x=6 was -", "put xx=7 was -"}},
        {"/core/configmaps/", {"put c=5 was -"}},
        {"/apps/", {}},
    };
    std::vector<std::unique_ptr<Watch>> live;
    for (const Row& row : rows) live.push_back(bench.watch(row.prefix, from));
    bench.put("/core/pods/a/x", "3");
    bench.put("/core/pods/b/z", "4");
    bench.put("/core/configmaps/a/c", "5");
    bench.erase("/core/pods/a/x");
    bench.put("/core/pods/a/x", "6");
    bench.put("/core/pods/a/xx", "7");
    for (std::size_t i = 0; i < std::size(rows); ++i) {
      CAPTURE(rows[i].prefix);
      CHECK(drain(*live[i]) == rows[i].sees);
      CHECK(drain(*bench.watch(rows[i].prefix, from), 2) == rows[i].sees);
    }
    live.clear();
    if (std::string_view(directory) == ":memory:") continue;
    bench.open();  // now from the log
    for (const Row& row : rows) {
      CAPTURE(row.prefix);
      CHECK(drain(*bench.watch(row.prefix, from), 2) == row.sees);
    }
  }
}

TEST_CASE("a delete can show a last state of its own") {
  Bench bench;
  const Revision from = bench.put("/core/pods/a/x", "1");
  Transaction transaction = delete_transaction("/core/pods/a/x");
  transaction.writes[0].last_state = make_object("last");
  REQUIRE(commit_now(*bench.store, bench.machine.loop, std::move(transaction)).kind == CommitOutcome::Kind::kCommitted);
  CHECK(drain(*bench.watch("/core/pods/", from)) == Lines{"delete x=last was 1"});
  bench.open();
  CHECK(drain(*bench.watch("/core/pods/", from)) == Lines{"delete x=last was 1"});
}

TEST_CASE("wake-ups are coalesced until the watch is read, and only for its prefix") {
  Bench bench;
  int woken = 0, other = 0;
  auto watch = bench.watch("/core/pods/a/", bench.store->snapshot()->revision(), [&] { ++woken; });
  auto idle = bench.watch("/core/pods/b/", bench.store->snapshot()->revision(), [&] { ++other; });
  for (int i = 0; i < 5; ++i) bench.put("/core/pods/a/x", std::to_string(i));
  CHECK(woken == 1);
  CHECK(other == 0);
  CHECK(drain(*watch).size() == 5);
  bench.put("/core/pods/a/x", "again");
  CHECK(woken == 2);
  Revision progress = 0;
  CHECK(idle->next(10, progress)->empty());
  CHECK(progress == bench.store->snapshot()->revision());
  // What is there already wakes too.
  auto late = bench.watch("/core/pods/a/", 0, [&] { ++other; });
  bench.machine.loop.run();
  CHECK(other == 1);
  late.reset();
  watch.reset();
  bench.put("/core/pods/a/x", "nobody");
  CHECK(woken == 2);
}

TEST_CASE("a watch can end inside its own wake-up") {
  Bench bench;
  std::unique_ptr<Watch> watch;
  watch = bench.watch("/core/", bench.store->snapshot()->revision(), [&] { watch.reset(); });
  bench.put("/core/pods/a/x", "1");
  CHECK(watch == nullptr);
  bench.put("/core/pods/a/x", "2");
}

TEST_CASE("who falls behind the history expires; who had nothing to see does not") {
  for (const char* directory : {"/data", ":memory:"}) {
    CAPTURE(directory);
    Bench bench(directory);
    const Revision begin = bench.put("/core/pods/a/x", "0");
    auto slow = bench.watch("/core/pods/a/", begin);
    auto idle = bench.watch("/core/pods/b/", begin);
    const std::string body(2'000, 'x');
    for (int i = 0; i < 1'000; ++i) bench.put("/core/pods/a/x" + std::to_string(i % 7), body + std::to_string(i));
    CHECK(bench.store->oldest_watchable() > begin);
    Revision progress = 0;
    const auto expired = slow->next(10, progress);
    REQUIRE(!expired.ok());
    CHECK(expired.error().reason() == Reason::kExpired);
    CHECK(expired.error().code() == 410);
    CHECK(idle->next(10, progress)->empty());
    CHECK(progress == bench.store->snapshot()->revision());
    bench.put("/core/pods/b/y", "1");
    CHECK(drain(*idle) == Lines{"put y=1 was -"});
    CHECK(!bench.store->watch("/core/", begin, bench.machine.loop, nullptr).ok());
    // The rest is whole, whether its records are in memory or in the log.
    const Revision oldest = bench.store->oldest_watchable();
    const Lines rest = drain(*bench.watch("", oldest));
    CHECK(rest.size() == bench.store->snapshot()->revision() - oldest);
    CHECK(rest.size() > 50);
    if (std::string_view(directory) == ":memory:") continue;
    slow.reset();
    idle.reset();
    bench.open();
    const Lines again = drain(*bench.watch("", bench.store->oldest_watchable()));
    CHECK(again.size() >= rest.size() - 1);
    CHECK(std::equal(rest.rbegin(), rest.rend() - 1, again.rbegin()));
  }
}

TEST_CASE("hot events are shared between watchers") {
  Bench bench;
  const Revision from = bench.store->snapshot()->revision();
  auto a = bench.watch("/core/", from), b = bench.watch("/core/pods/", from);
  bench.put("/core/pods/a/x", "1");
  Revision progress = 0;
  CHECK(a->next(1, progress).value()[0] == b->next(1, progress).value()[0]);
}

TEST_CASE("a waiting watch is small") { CHECK(sizeof(WatchState) < 256); }

}  // namespace
}  // namespace plinth::store
