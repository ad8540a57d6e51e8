// The index of labels against a scan: after any changes, in old snapshots, and after opening again.
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "store/test_world.h"
#include "world_sim/sim_disk.h"

namespace plinth::store {
namespace {

using Keys = std::vector<std::string>;

Keys scanned(const Snapshot& snapshot, std::string_view label, std::string_view value, std::string_view prefix) {
  Keys out;
  snapshot.scan(prefix, "", [&](const RecordPtr& record) {
    if (record->labels().find(label) == value) out.emplace_back(record->key());
    return true;
  });
  return out;
}

Keys indexed(const Snapshot& snapshot, std::string_view label, std::string_view value, std::string_view prefix) {
  Keys out;
  snapshot.labelled(label, value, prefix, [&](const RecordPtr& record) {
    out.emplace_back(record->key());
    return true;
  });
  return out;
}

const char* const kPrefixes[] = {"/core/pods/", "/core/pods/a/", "/core/pods/ab/", "/apps/sets/a/"};
const char* const kLabels[] = {"app", "ap", "tier"};
const char* const kValues[] = {"", "w", "web", "web2"};

// The index and its counts say what a look at everything says. The number of objects found.
std::size_t check_index(const Snapshot& snapshot) {
  std::size_t found = 0;
  for (const char* prefix : kPrefixes) {
    REQUIRE(snapshot.indexes_labels(prefix));
    for (const char* label : kLabels) {
      for (const char* value : kValues) {
        const Keys expected = scanned(snapshot, label, value, prefix);
        REQUIRE(indexed(snapshot, label, value, prefix) == expected);
        REQUIRE(snapshot.count_labelled(label, value, prefix) == expected.size());
        found += expected.size();
      }
    }
  }
  return found;
}

struct Bench {
  TestMachine machine;
  world_sim::SimDisk disk{1};
  StoreOptions options;
  std::unique_ptr<Store> store;

  explicit Bench(std::string directory) {
    options.directory = std::move(directory);
    options.segment_bytes = 256 << 10;
    options.label_indexed = {"/core/pods/", "/apps/sets/"};
    open();
  }
  void open() {
    World world = machine.world();
    world.disk = &disk;
    StoreWiring wiring;
    wiring.loop = &machine.loop;
    store.reset();
    auto made = make_store(options, world, wiring);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store = std::move(made).value();
  }
  void commit(Transaction transaction) {
    REQUIRE(commit_now(*store, machine.loop, std::move(transaction)).kind == CommitOutcome::Kind::kCommitted);
  }
};

Transaction random_change(std::mt19937& random, std::set<std::string>& keys) {
  static const char* const kPlaces[] = {"/core/pods/a/", "/core/pods/ab/", "/apps/sets/a/", "/core/other/a/"};
  const std::string key = kPlaces[random() % 4] + std::to_string(random() % 60);
  if (keys.count(key) > 0 && random() % 3 == 0) {
    keys.erase(key);
    return delete_transaction(key);
  }
  keys.insert(key);
  EncodedObject object;
  for (const char* label : {"ap", "app", "tier"}) {
    if (random() % 2 == 0) object.labels.emplace_back(label, kValues[random() % 4]);
  }
  return put_transaction(key, "x", object);
}

TEST_CASE("objects are found by label as a look at everything finds them") {
  for (const char* directory : {":memory:", "/data"}) {
    CAPTURE(directory);
    Bench bench(directory);
    std::mt19937 random(7);
    std::set<std::string> keys;
    std::vector<SnapshotPtr> old;
    std::size_t found = 0;
    for (int step = 0; step < 3'000; ++step) {
      bench.commit(random_change(random, keys));
      if (step % 100 != 0) continue;
      old.push_back(bench.store->snapshot());
      found += check_index(*old.back());
    }
    CHECK(found > 1'000);
    for (const SnapshotPtr& snapshot : old) check_index(*snapshot);
    if (bench.options.directory == ":memory:") continue;
    bench.open();
    CHECK(check_index(*bench.store->snapshot()) > 0);
  }
}

TEST_CASE("what is not asked for is not indexed") {
  Bench bench(":memory:");
  EncodedObject object;
  object.labels = {{"app", "web"}};
  bench.commit(put_transaction("/core/other/a/x", "x", object));
  CHECK(!bench.store->snapshot()->indexes_labels("/core/other/"));
  CHECK(!bench.store->snapshot()->indexes_labels("/core/"));
  CHECK(bench.store->snapshot()->count_labelled("app", "web", "/core/other/") == 0);
}

TEST_CASE("a visit by label ends when it is told to") {
  Bench bench(":memory:");
  EncodedObject object;
  object.labels = {{"app", "web"}};
  for (const char* name : {"x", "y", "z"}) bench.commit(put_transaction(std::string("/core/pods/a/") + name, "x", object));
  int seen = 0;
  bench.store->snapshot()->labelled("app", "web", "/core/pods/", [&](const RecordPtr&) { return ++seen < 2; });
  CHECK(seen == 2);
}

}  // namespace
}  // namespace plinth::store
