// Snapshot files: written behind the log's back, saved, restored, damaged.
#include <string>

#include <doctest/doctest.h>

#include "store/core_store.h"
#include "store/secrets.h"
#include "store/snapshot_file.h"
#include "store/test_objects.h"
#include "store/test_world.h"

namespace plinth::store {
namespace {

struct Bench {
  TestMachine machine;
  StoreOptions options;
  std::unique_ptr<KeyFileSealer> sealer;
  std::unique_ptr<Store> store;
  explicit Bench(std::uint64_t seed = 1) : machine(seed) {
    options.directory = "/data";
    options.segment_bytes = 64 << 10;
    options.snapshot_tail_bytes_min = 256 << 10;
    options.history_bytes_max = 256 << 10;
  }
  Result<void> try_open() {
    store.reset();
    store = TRY(make_store(options, machine.world(), StoreWiring{sealer.get(), &machine.loop}));
    return {};
  }
  void open() {
    const auto opened = try_open();
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message()));
  }
  Revision put(const std::string& key, const std::string& text, EncodedObject object = {}) {
    const CommitOutcome outcome = commit_now(*store, machine.loop, put_transaction(key, text, std::move(object)));
    REQUIRE(outcome.kind == CommitOutcome::Kind::kCommitted);
    return outcome.committed.revision;
  }
};

TEST_CASE("snapshots are written as the log grows, old segments go, and everything is there after opening") {
  Bench bench;
  bench.open();
  const std::string body(1'000, 'x');
  for (int i = 0; i < 3'000; ++i) {
    bench.put("/core/pods/d/p" + std::to_string(i % 100), body + std::to_string(i));
    bench.machine.loop.run();
  }
  CHECK(bench.store->stats().snapshots > 2);
  CHECK(bench.machine.disk.used() < 2'000'000);
  CHECK(bench.store->oldest_watchable() > 0);
  const Revision revision = bench.store->snapshot()->revision();
  const Revision oldest = bench.store->oldest_watchable();
  bench.open();
  CHECK(bench.store->snapshot()->revision() == revision);
  CHECK(bench.store->snapshot()->object_count() == 100);
  CHECK(bench.store->oldest_watchable() <= revision);
  CHECK(bench.store->oldest_watchable() >= oldest);
  CHECK(bench.store->oldest_watchable() < revision - 150);
  for (int i = 0; i < 100; ++i) {
    CHECK(text_of(*bench.store->snapshot()->get("/core/pods/d/p" + std::to_string(i))) == body + std::to_string(2'900 + i));
  }
  // The log goes on over what was recycled.
  for (int i = 0; i < 500; ++i) bench.put("/core/pods/d/p" + std::to_string(i % 100), body + "again" + std::to_string(i));
  bench.open();
  CHECK(text_of(*bench.store->snapshot()->get("/core/pods/d/p99")) == body + "again499");
}

TEST_CASE("a saved snapshot is restored elsewhere, and its revisions go on far above") {
  Bench bench;
  bench.sealer = KeyFileSealer::open(bench.machine.disk, bench.machine.entropy, "/data/secrets.keys").value();
  bench.open();
  EncodedObject secret;
  secret.sensitive = true;
  bench.put("/core/secrets/d/s", "hidden", secret);
  Transaction claim = put_transaction("/core/services/d/s", "service");
  claim.reservations = {{Reservation::Kind::kClaim, "ports", "30001", "svc"}};
  REQUIRE(commit_now(*bench.store, bench.machine.loop, std::move(claim)).kind == CommitOutcome::Kind::kCommitted);
  REQUIRE(bench.store->save_snapshot("/backup/file").ok());
  const Revision later = bench.put("/core/pods/d/after", "not in it");

  CHECK(!restore_snapshot(bench.machine.world(), "/backup/file", "/data").ok());  // in use
  const auto without_key = restore_snapshot(bench.machine.world(), "/backup/file", "/restored");
  REQUIRE(!without_key.ok());
  CHECK(without_key.error().message().find("/backup/file.keys") != std::string::npos);
  bench.machine.disk.names["/backup/file.keys"] = bench.machine.disk.names["/data/secrets.keys"];
  bench.machine.disk.names.erase("/restored/snapshots/0000000000000001.snapshot.tmp");
  const auto restored = restore_snapshot(bench.machine.world(), "/backup/file", "/restored");
  REQUIRE_MESSAGE(restored.ok(), (restored.ok() ? "" : restored.error().message()));
  CHECK(!restore_snapshot(bench.machine.world(), "/backup/file", "/restored").ok());  // no longer empty

  bench.options.directory = "/restored";
  bench.sealer = KeyFileSealer::open(bench.machine.disk, bench.machine.entropy, "/restored/secrets.keys").value();
  for (int round = 0; round < 2; ++round) {
    bench.open();
    const SnapshotPtr snapshot = bench.store->snapshot();
    CHECK(snapshot->object_count() == 2);
    CHECK(text_of(*snapshot->get("/core/secrets/d/s")) == "hidden");
    CHECK(snapshot->claim_owner("ports", "30001") == "svc");
    CHECK(snapshot->revision() > later + (1ull << 39));
    CHECK(bench.store->oldest_watchable() == snapshot->revision());
    CHECK(!bench.store->watch("/core/", later, bench.machine.loop, nullptr).ok());
  }
  CHECK(bench.put("/core/pods/d/new", "new") > later + (1ull << 39));
}

TEST_CASE("any flipped bit of a snapshot file is noticed") {
  Bench bench;
  bench.open();
  bench.put("/core/pods/d/a", "one");
  bench.put("/core/pods/d/b", "two");
  REQUIRE(bench.store->save_snapshot("/backup/file").ok());
  const std::string good = bench.machine.disk.names["/backup/file"]->bytes;
  const RecordCodec codec(nullptr);
  auto reads = [&](const std::string& bytes) {
    bench.machine.disk.names["/backup/file"]->bytes = bytes;
    auto file = bench.machine.disk.open("/backup/file", OpenMode::kRead).value();
    SnapshotInfo info;
    return read_snapshot(*file, "/backup/file", codec, info).ok();
  };
  CHECK(reads(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    CAPTURE(i);
    CHECK(!reads(bad));
    CHECK(!reads(good.substr(0, i)));
  }
}

TEST_CASE("a data directory says who made it and who has it") {
  Bench bench;
  bench.open();
  bench.put("/core/pods/d/a", "one");
  const auto second = make_store(bench.options, bench.machine.world(), StoreWiring{nullptr, &bench.machine.loop});
  REQUIRE(!second.ok());
  CHECK(second.error().reason() == Reason::kConflict);
  bench.store.reset();
  std::string& format = bench.machine.disk.names["/data/FORMAT"]->bytes;
  CHECK(format == "plinth-store 1\n");
  for (const char* text : {"plinth-store 2\n", "plinth-store x\n", "something else\n"}) {
    format = text;
    CAPTURE(text);
    CHECK(!bench.try_open().ok());
  }
  format = "plinth-store 1\n";
  bench.open();
  bench.store.reset();
  for (auto it = bench.machine.disk.names.begin(); it != bench.machine.disk.names.end();) {
    it = it->first.rfind("/data/log/", 0) == 0 ? bench.machine.disk.names.erase(it) : std::next(it);
  }
  const auto lost = bench.try_open();
  REQUIRE(!lost.ok());
  CHECK(lost.error().message().find("missing") != std::string::npos);
}

}  // namespace
}  // namespace plinth::store
