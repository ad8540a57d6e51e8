// The contract of the store, on memory, on a simulated disk and on a real one.
#include "store/store.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

#include "store/test_objects.h"
#include "store/test_world.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_sim/sim_disk.h"

namespace plinth::store {
namespace {

enum class Backing { kMemory, kSimulated, kReal };

// A store stepped on a loop, over one of the three.
struct Bench {
  TestMachine machine;
  world_sim::SimDisk sim_disk{1};
  world_real::RealDisk real_disk;
  StoreOptions options;
  World world;
  StoreWiring wiring;
  std::unique_ptr<Store> store;

  explicit Bench(Backing backing) {
    world = machine.world();
    options.segment_bytes = 256 << 10;
    options.directory = backing == Backing::kMemory ? ":memory:" : "/data";
    wiring.loop = &machine.loop;
    world.disk = &sim_disk;
    if (backing == Backing::kReal) {
      char folder[] = "/tmp/plinth-store-XXXXXX";
      options.directory = mkdtemp(folder);
      world.disk = &real_disk;
    }
    open();
  }
  ~Bench() {
    store.reset();
    if (options.directory.rfind("/tmp/plinth-store-", 0) == 0) std::system(("rm -rf " + options.directory).c_str());
  }
  void open() {
    store.reset();
    auto made = make_store(options, world, wiring);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store = std::move(made).value();
  }
  bool durable() const { return options.directory != ":memory:"; }

  CommitOutcome commit(Transaction transaction) { return commit_now(*store, machine.loop, std::move(transaction)); }
  Revision put(const std::string& key, const std::string& text, EncodedObject object = {}) {
    CommitOutcome outcome = commit(put_transaction(key, text, std::move(object)));
    REQUIRE_MESSAGE(outcome.kind == CommitOutcome::Kind::kCommitted, (outcome.error ? outcome.error->message() : "refused"));
    return outcome.committed.revision;
  }
  Revision erase(const std::string& key) {
    CommitOutcome outcome = commit(delete_transaction(key));
    REQUIRE(outcome.kind == CommitOutcome::Kind::kCommitted);
    return outcome.committed.revision;
  }
  std::string text(const std::string& key) {
    const RecordPtr record = store->snapshot()->get(key);
    return record == nullptr ? "(none)" : text_of(*record);
  }
};

template <typename Test>
void on_every_backing(Test&& test) {
  for (const Backing backing : {Backing::kMemory, Backing::kSimulated, Backing::kReal}) {
    CAPTURE(static_cast<int>(backing));
    Bench bench(backing);
    test(bench);
  }
}

TEST_CASE("what was put is read back, also after opening again") {
  on_every_backing([](Bench& bench) {
    EncodedObject object;
    object.uid = "uid-1";
    object.labels = {{"app", "web"}, {"tier", "front"}};
    object.owner_uids = {"owner-1", "owner-2"};
    object.fields = {{"status.phase", "Running"}};
    object.schema_stamp = 77;
    const Revision first = bench.put("/core/pods/default/a", "one", object);
    const Revision second = bench.put("/core/pods/default/b", "two");
    const Revision third = bench.put("/core/pods/default/a", "three", object);
    CHECK(first < second);
    CHECK(second < third);
    for (int round = 0; round < (bench.durable() ? 3 : 1); ++round) {
      if (round > 0) bench.open();
      const SnapshotPtr snapshot = bench.store->snapshot();
      CHECK(snapshot->revision() == third);
      CHECK(snapshot->object_count() == 2);
      const RecordPtr record = snapshot->get("/core/pods/default/a");
      REQUIRE(record != nullptr);
      CHECK(record->revision() == third);
      CHECK(record->create_revision() == first);
      CHECK(record->uid() == "uid-1");
      CHECK(record->labels().find("tier") == "front");
      CHECK(!record->labels().find("other").has_value());
      CHECK(record->labels().copy() == object.labels);
      CHECK(record->fields().copy() == object.fields);
      CHECK(record->owner_uids().size() == 2);
      CHECK(record->schema_stamp() == 77);
      CHECK(text_of(*record) == "three");
      CHECK(revision_in_body(*record) == third);
      CHECK(snapshot->by_uid("uid-1") == record);
      CHECK(snapshot->by_uid("uid") == nullptr);
      int owned = 0;
      snapshot->owned_by("owner-2", [&](const RecordPtr& found) { return ++owned, found == record; });
      CHECK(owned == 1);
      CHECK(snapshot->object_bytes() == record->bytes().size() + snapshot->get("/core/pods/default/b")->bytes().size());
    }
  });
}

TEST_CASE("a snapshot stays as it was, in order, with counts") {
  on_every_backing([](Bench& bench) {
    for (int i = 0; i < 300; ++i) bench.put("/core/pods/ns" + std::to_string(i % 3) + "/p" + std::to_string(i), "x");
    bench.put("/apps/deployments/ns1/d", "x");
    const SnapshotPtr before = bench.store->snapshot();
    for (int i = 0; i < 300; i += 2) bench.erase("/core/pods/ns" + std::to_string(i % 3) + "/p" + std::to_string(i));
    CHECK(before->object_count() == 301);
    CHECK(bench.store->snapshot()->object_count() == 151);
    CHECK(before->count("/core/pods/ns1/") == 100);
    CHECK(before->count("/core/pods/") == 300);
    CHECK(before->count("") == 301);
    CHECK(before->count("/core/podz") == 0);
    std::string last;
    int seen = 0;
    before->scan("/core/pods/ns1/", "/core/pods/ns1/p2", [&](const RecordPtr& record) {
      CHECK(record->key() > last);
      CHECK(record->key() >= "/core/pods/ns1/p2");
      last = record->key();
      return ++seen < 10;
    });
    CHECK(seen == 10);
  });
}

TEST_CASE("preconditions are checked in order and nothing of a refused transaction happens") {
  using Kind = Precondition::Kind;
  on_every_backing([](Bench& bench) {
    EncodedObject object;
    object.uid = "u1";
    const Revision revision = bench.put("/core/pods/d/a", "one", object);
    struct Row {
      const char* name;
      Precondition condition;
      bool holds;
    };
    const Row rows[] = {
        {"absent", {Kind::kAbsent, "/core/pods/d/b"}, true},
        {"absent, but there", {Kind::kAbsent, "/core/pods/d/a"}, false},
        {"at revision", {Kind::kAtRevision, "/core/pods/d/a", revision}, true},
        {"at another revision", {Kind::kAtRevision, "/core/pods/d/a", revision + 1}, false},
        {"at revision, but gone", {Kind::kAtRevision, "/core/pods/d/b", revision}, false},
        {"exists", {Kind::kExists, "/core/pods/d/a"}, true},
        {"exists, but does not", {Kind::kExists, "/core/pods/d/b"}, false},
        {"uid", {Kind::kUid, "/core/pods/d/a", 0, "u1"}, true},
        {"another uid", {Kind::kUid, "/core/pods/d/a", 0, "u2"}, false},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Transaction transaction = put_transaction("/core/configmaps/d/target", row.name);
      transaction.preconditions = {{Kind::kExists, "/core/pods/d/a"}, row.condition};
      const Revision before = bench.store->snapshot()->revision();
      const CommitOutcome outcome = bench.commit(std::move(transaction));
      if (row.holds) {
        CHECK(outcome.kind == CommitOutcome::Kind::kCommitted);
        CHECK(bench.text("/core/configmaps/d/target") == row.name);
      } else {
        CHECK(outcome.kind == CommitOutcome::Kind::kPreconditionFailed);
        CHECK(outcome.failed_index == 1);
        CHECK(bench.store->snapshot()->revision() == before);
      }
    }
  });
}

TEST_CASE("a transaction of several keys is one step with a revision each") {
  on_every_backing([](Bench& bench) {
    bench.put("/core/pods/d/old", "old");
    Transaction transaction = put_transaction("/core/pods/d/a", "a");
    transaction.writes.push_back(put_transaction("/core/pods/d/b", "b").writes[0]);
    transaction.writes.push_back(Write{"/core/pods/d/old", {}, {}});
    transaction.writes.push_back(Write{"/core/pods/d/never", {}, {}});
    const CommitOutcome outcome = bench.commit(std::move(transaction));
    REQUIRE(outcome.kind == CommitOutcome::Kind::kCommitted);
    const auto& records = outcome.committed.records;
    REQUIRE(records.size() == 4);
    CHECK(records[0]->revision() + 1 == records[1]->revision());
    CHECK(records[1]->revision() + 1 == records[2]->revision());
    CHECK(text_of(*records[2]) == "old");
    CHECK(revision_in_body(*records[2]) == records[2]->revision());
    CHECK(records[3] == nullptr);
    CHECK(outcome.committed.revision == records[2]->revision());
    CHECK(bench.text("/core/pods/d/old") == "(none)");
  });
}

TEST_CASE("ledgers: bounded counters and claims, kept with the objects") {
  using Kind = Reservation::Kind;
  on_every_backing([](Bench& bench) {
    auto reserve = [&](std::vector<Reservation> reservations) {
      Transaction transaction = put_transaction("/core/services/d/s", "s");
      transaction.reservations = std::move(reservations);
      return bench.commit(std::move(transaction));
    };
    const Reservation three{Kind::kAddBounded, "quota/d", "pods", "", 3, 4};
    const Reservation port{Kind::kClaim, "ports", "30001", "svc-1"};
    const Reservation other{Kind::kClaim, "ports", "30001", "svc-2"};
    CHECK(reserve({three, port}).kind == CommitOutcome::Kind::kCommitted);
    CHECK(reserve({three}).kind == CommitOutcome::Kind::kReservationFailed);
    CHECK(reserve({port}).kind == CommitOutcome::Kind::kCommitted);  // its own
    const CommitOutcome refused = reserve({{Kind::kAddBounded, "quota/d", "pods", "", 1, 4}, other});
    CHECK(refused.kind == CommitOutcome::Kind::kReservationFailed);
    CHECK(refused.failed_index == 1);
    if (bench.durable()) bench.open();
    const SnapshotPtr snapshot = bench.store->snapshot();
    CHECK(snapshot->counter("quota/d", "pods") == 3);
    CHECK(snapshot->claim_owner("ports", "30001") == "svc-1");
    CHECK(!snapshot->claim_owner("ports", "30002").has_value());
    CHECK(
        reserve({{Kind::kAddBounded, "quota/d", "pods", "", -3, 0}, {Kind::kRelease, "ports", "30001", "svc-1"}, other}).kind ==
        CommitOutcome::Kind::kCommitted);
    if (bench.durable()) bench.open();
    CHECK(bench.store->snapshot()->counter("quota/d", "pods") == 0);
    std::vector<std::string> claims;
    bench.store->snapshot()->claims("ports", [&](std::string_view name, std::string_view owner) {
      claims.push_back(std::string(name) + "=" + std::string(owner));
      return true;
    });
    CHECK(claims == std::vector<std::string>{"30001=svc-2"});
    // What was concluded from a value holds when the transaction commits, or it does not commit.
    CHECK(reserve({{Kind::kExpect, "quota/d", "pods", "", 0}, {Kind::kAddBounded, "quota/d", "pods", "", 2, 9}}).kind ==
          CommitOutcome::Kind::kCommitted);
    CHECK(reserve({{Kind::kExpect, "quota/d", "pods", "", 0}, {Kind::kAddBounded, "quota/d", "pods", "", 2, 9}}).failed_index ==
          0);
    CHECK(bench.store->snapshot()->counter("quota/d", "pods") == 2);
    CHECK(reserve({{Kind::kReset, "quota/d", "pods"}, {Kind::kAddBounded, "quota/d", "pods", "", 1, 9}}).kind ==
          CommitOutcome::Kind::kCommitted);
    if (bench.durable()) bench.open();
    CHECK(bench.store->snapshot()->counter("quota/d", "pods") == 1);
  });
}

TEST_CASE("limits have names") {
  on_every_backing([](Bench& bench) {
    bench.store.reset();
    bench.options.bytes_max = 10'000;
    bench.options.queue_max = 3;
    bench.open();
    const std::string big(4'000, 'x');
    bench.put("/core/configmaps/d/a", big);
    bench.put("/core/configmaps/d/b", big);
    CommitOutcome refused = bench.commit(put_transaction("/core/configmaps/d/c", big));
    REQUIRE(refused.error.has_value());
    CHECK(refused.error->reason() == Reason::kInsufficientStorage);
    Transaction lease = put_transaction("/coordination.k8s.io/leases/d/l", big);
    lease.writes[0].lease = true;
    CHECK(bench.commit(std::move(lease)).kind == CommitOutcome::Kind::kCommitted);
    bench.put("/core/configmaps/d/a", "smaller");
    bench.erase("/core/configmaps/d/b");

    int too_many = 0;
    for (int i = 0; i < 5; ++i) {
      bench.store->commit(put_transaction("/core/configmaps/d/q", "q"), bench.machine.loop, [&](CommitOutcome outcome) {
        if (outcome.error && outcome.error->reason() == Reason::kTooManyRequests) ++too_many;
      });
    }
    bench.machine.loop.run();
    CHECK(too_many == 2);

    Transaction late = put_transaction("/core/configmaps/d/late", "late");
    late.deadline_ns = bench.machine.clock.now - 1;
    const CommitOutcome outcome = bench.commit(std::move(late));
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.error->reason() == Reason::kTimeout);
  });
}

TEST_CASE("records that cannot be stored are refused before the writer") {
  on_every_backing([](Bench& bench) {
    Transaction transaction = put_transaction(std::string(5'000, 'k'), "x");
    CHECK(bench.commit(std::move(transaction)).error->reason() == Reason::kInvalid);
    transaction = put_transaction("/core/pods/d/a", "x");
    transaction.writes[0].put->revision_slot = 1'000'000;
    CHECK(bench.commit(std::move(transaction)).error->reason() == Reason::kInternalError);
  });
}

TEST_CASE("when_published runs once the revision is there") {
  on_every_backing([](Bench& bench) {
    const Revision now = bench.put("/core/pods/d/a", "one");
    int ran = 0;
    bench.store->when_published(now, bench.machine.loop, [&] { ran += 1; });
    bench.store->when_published(now + 2, bench.machine.loop, [&] { ran += 10; });
    bench.machine.loop.run();
    CHECK(ran == 1);
    bench.put("/core/pods/d/b", "two");
    CHECK(ran == 1);
    bench.put("/core/pods/d/c", "three");
    CHECK(ran == 11);
    const PublishedTicket dropped = bench.store->when_published(now + 3, bench.machine.loop, [&] { ran += 100; });
    bench.store->when_published(now + 3, bench.machine.loop, [&] { ran += 1000; });
    bench.store->forget(dropped);
    bench.put("/core/pods/d/d", "four");
    CHECK(ran == 1011);
    bench.store->forget(dropped);
  });
}

}  // namespace
}  // namespace plinth::store
