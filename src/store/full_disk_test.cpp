// A disk without room: growth is refused by name, deletions and leases go on, and it recovers by itself.
#include <string>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "world_sim/sim_world.h"

namespace plinth::store {
namespace {

struct Bench {
  world_sim::SimWorld world{7};
  Loop& loop = world.new_loop("store");
  StoreOptions options;
  std::unique_ptr<Store> store;
  Bench() {
    options.directory = "/data";
    options.segment_bytes = 64 << 10;
    options.history_bytes_max = 256 << 10;
    options.snapshot_tail_bytes_min = 256 << 10;
    open();
  }
  void open() {
    store.reset();
    auto made = make_store(options, world.world(), StoreWiring{nullptr, &loop});
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store = std::move(made).value();
    world.run_for(std::chrono::milliseconds(50));
  }
  CommitOutcome commit(Transaction transaction) {
    std::optional<CommitOutcome> result;
    store->commit(std::move(transaction), loop, [&](CommitOutcome outcome) { result = std::move(outcome); });
    world.run_for(std::chrono::milliseconds(5));
    return std::move(result).value();
  }
  bool put(const std::string& key, std::size_t bytes, bool lease = false) {
    Transaction transaction = put_transaction(key, std::string(bytes, 'x'));
    transaction.writes[0].lease = lease;
    CommitOutcome outcome = commit(std::move(transaction));
    if (outcome.kind == CommitOutcome::Kind::kCommitted) return true;
    CHECK(outcome.error->reason() == Reason::kInsufficientStorage);
    CHECK(outcome.error->message().find("full") != std::string::npos);
    return false;
  }
  std::uint64_t disk_bytes() {
    std::uint64_t n = 0;
    for (const std::string& path : world.disk().paths()) n += world.disk().open(path, OpenMode::kRead).value()->size().value();
    return n;
  }
};

TEST_CASE("a full disk refuses what grows, lets deletions and leases through, and takes writes again when there is room") {
  Bench bench;
  bench.world.disk().set_capacity(700 << 10);
  int stored = 0;
  while (stored < 1'000 && bench.put(fmt::format("/core/configmaps/d/c{}", stored), 3'000)) ++stored;
  CHECK(stored > 50);
  CHECK(stored < 300);
  const Revision full_at = bench.store->snapshot()->revision();
  CHECK(!bench.store->stats().read_only);
  for (int i = 0; i < 20; ++i) CHECK(bench.put("/coordination.k8s.io/leases/d/l", 200, true));
  int deleted = 0;
  for (int i = 0; i < stored / 2; ++i) {
    if (bench.commit(delete_transaction(fmt::format("/core/configmaps/d/c{}", i))).kind == CommitOutcome::Kind::kCommitted)
      ++deleted;
  }
  CHECK(deleted == stored / 2);
  bench.open();  // also with a full disk
  CHECK(bench.store->snapshot()->revision() > full_at);
  CHECK(bench.store->snapshot()->object_count() == static_cast<std::size_t>(stored - deleted + 1));
  bench.world.disk().set_capacity(16 << 20);
  bench.put("/core/configmaps/d/first-may-fail", 10);
  CHECK(bench.put("/core/configmaps/d/again", 3'000));
  for (int i = 0; i < 200; ++i) CHECK(bench.put(fmt::format("/core/configmaps/d/n{}", i % 20), 3'000));
}

TEST_CASE("deletions alone make room for writes on a full disk") {
  for (const std::uint64_t capacity : {700u << 10, 830u << 10, 1000u << 10}) {
    Bench bench;
    bench.options.segment_bytes = 128 << 10;
    bench.options.snapshot_tail_bytes_min = 64 << 20;  // as in a real one: nothing but the full disk asks for a snapshot
    bench.options.directory = "/other";
    bench.open();
    bench.world.disk().set_capacity(capacity);
    int stored = 0;
    while (stored < 1'000 && bench.put(fmt::format("/core/configmaps/d/c{}", stored), 3'000)) ++stored;
    CHECK(stored < 400);
    for (int i = 0; i < stored; ++i) {
      CHECK(bench.commit(delete_transaction(fmt::format("/core/configmaps/d/c{}", i))).kind == CommitOutcome::Kind::kCommitted);
    }
    bench.world.run_for(std::chrono::seconds(1));
    CHECK(bench.put("/core/configmaps/d/again", 3'000));
  }
}

TEST_CASE("with churn the disk stays bounded") {
  Bench bench;
  std::uint64_t most = 0;
  for (int i = 0; i < 4'000; ++i) {
    REQUIRE(bench.put(fmt::format("/core/configmaps/d/c{}", i % 30), 1'500));
    if (i % 100 == 0) most = std::max(most, bench.disk_bytes());
  }
  CHECK(most < (1'200 << 10));
}

}  // namespace
}  // namespace plinth::store
