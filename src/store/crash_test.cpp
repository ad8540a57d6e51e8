// The store on a disk that crashes: whatever is lost, nothing that was acknowledged is.
//
// Each seed is several lives of one data directory. A life opens the store, checks what it finds against a model, writes for a
// while and ends: cleanly, by a power cut, by a kill, in the middle of a write, or after a failed sync.
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "world_sim/sim_world.h"

namespace plinth::store {
namespace {

using Sabotage = log::LogOptions::Sabotage;
using world_sim::CrashPolicy;
using world_sim::DiskOperation;
using world_sim::SimRandom;

using Objects = std::map<std::string, std::string>;

struct Operation {
  std::uint64_t id = 0;
  std::map<std::string, std::optional<std::string>> writes;  // nothing: delete
  std::int64_t added = 0;
};

class CrashRun {
 public:
  CrashRun(std::uint64_t seed, Sabotage sabotage)
      : world_(seed), loop_(world_.new_loop("store")), random_(seed * 7919 + 1), sabotage_(sabotage) {
    options_.directory = "/data";
    options_.segment_bytes = 24 << 10;
    options_.snapshot_tail_bytes_min = 60 << 10;
    options_.history_bytes_max = 72 << 10;
    options_.group_bytes_max = 8 << 10;
  }

  // What is wrong; "" when nothing is.
  std::string run(int lives) {
    for (int life = 0; life < lives && wrong_.empty(); ++life) {
      if (!open()) break;
      check_state();
      if (wrong_.empty()) follow();
      if (wrong_.empty()) live();
      if (wrong_.empty() && !world_.disk().crashed()) follow();
      end();
    }
    return wrong_;
  }

 private:
  void fail(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }

  bool open() {
    if (random_.below(6) == 0) world_.disk().crash_after_writes(1 + random_.below(6));
    for (int attempt = 0; attempt < 20; ++attempt) {
      auto made = make_store_for_test(options_, world_.world(), StoreWiring{nullptr, &loop_}, sabotage_);
      if (made.ok()) {
        store_ = std::move(made).value();
        return true;
      }
      // A sync that was to fail in the life before may fail now: an honest error, and the next attempt goes on.
      if (!world_.disk().crashed() && made.error().message().find("injected fault") != std::string::npos) continue;
      if (!world_.disk().crashed()) {
        fail("it does not open: " + made.error().message());
        return false;
      }
      world_.crash();
      world_.restart();
    }
    fail("it never opens");
    return false;
  }

  Objects stored() {
    Objects out;
    store_->snapshot()->scan("", "", [&](const RecordPtr& record) {
      out[std::string(record->key())] = text_of(*record);
      if (revision_in_body(*record) != record->revision()) fail("a body has another revision than its record");
      return true;
    });
    return out;
  }

  static void apply(const Operation& operation, Objects& objects, std::int64_t& sum) {
    for (const auto& [key, text] : operation.writes) {
      if (text)
        objects[key] = *text;
      else
        objects.erase(key);
    }
    sum += operation.added;
  }

  // Everything acknowledged, and of what was under way some, each wholly: its claim tells.
  void check_state() {
    const SnapshotPtr snapshot = store_->snapshot();
    const Objects found = stored();
    const std::int64_t sum = snapshot->counter("sums", "all");
    if (snapshot->revision() < newest_seen_) fail("the revision went back");
    for (const Operation& operation : under_way_) {
      if (snapshot->claim_owner("operations", std::to_string(operation.id))) apply(operation, objects_, sum_);
    }
    if (found != objects_ || sum != sum_) {
      fail(fmt::format("acknowledged writes are lost, or parts of others came back (revision {})", snapshot->revision()));
    }
    under_way_.clear();
  }

  void submit() {
    Operation operation;
    Transaction transaction;
    const std::uint64_t count = random_.below(8) == 0 ? 3 : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string key = fmt::format("/core/pods/ns{}/p{}", random_.below(2), random_.below(8));
      if (operation.writes.count(key) != 0) continue;
      if (random_.below(5) == 0) {
        operation.writes[key] = {};
        transaction.writes.push_back(Write{key, {}, {}});
        continue;
      }
      const std::uint64_t size = random_.below(10) == 0 ? random_.below(9'000) : random_.below(400);
      ++written_;
      const std::string text = fmt::format("{}-{}", written_, std::string(size, static_cast<char>('a' + written_ % 26)));
      operation.writes[key] = text;
      transaction.writes.push_back(put_transaction(key, text).writes[0]);
    }
    operation.added = static_cast<std::int64_t>(random_.below(3));
    transaction.reservations.push_back({Reservation::Kind::kAddBounded, "sums", "all", "", operation.added, 1'000'000'000});
    const std::uint64_t id = operation.id = ++operations_;
    transaction.reservations.push_back({Reservation::Kind::kClaim, "operations", std::to_string(id), "test"});
    under_way_.push_back(std::move(operation));
    store_->commit(std::move(transaction), loop_, [this, life = life_, id](CommitOutcome outcome) {
      if (life != life_) return;
      if (outcome.kind == CommitOutcome::Kind::kCommitted) return acknowledge(id, outcome.committed);
      // Refused before it was written; only a failed sync leaves it open.
      if (outcome.error->reason() != Reason::kInsufficientStorage) return;
      std::erase_if(under_way_, [id](const Operation& one) { return one.id == id; });
    });
  }

  void acknowledge(std::uint64_t id, const CommitResult& result) {
    const auto operation =
        std::find_if(under_way_.begin(), under_way_.end(), [id](const Operation& one) { return one.id == id; });
    for (const RecordPtr& record : result.records) {
      if (record == nullptr) continue;
      if (record->revision() <= newest_acknowledged_) fail("a revision was handed out twice");
      newest_acknowledged_ = record->revision();
      saw(record->revision(), text_of(*record));
    }
    if (store_->snapshot()->revision() < result.revision) fail("an acknowledged write is not visible");
    apply(*operation, objects_, sum_);
    under_way_.erase(operation);
  }

  void saw(Revision revision, const std::string& text) {
    newest_seen_ = std::max(newest_seen_, revision);
    const auto [seen, added] = seen_.emplace(revision, text);
    if (!added && seen->second != text) fail(fmt::format("revision {} was seen with two contents", revision));
  }

  // A watcher that goes on from where it was, over crashes: replaying its events gives what is stored.
  void follow() {
    if (!watched_ || *watched_ < store_->oldest_watchable()) {
      watched_ = store_->snapshot()->revision();
      replayed_ = stored();
    }
    auto watch = store_->watch("", *watched_, loop_, nullptr);
    if (!watch.ok()) return fail("a watch from a kept revision is refused: " + watch.error().message());
    for (;;) {
      Revision progress = 0;
      auto events = watch.value()->next(7, progress);
      if (!events.ok()) return fail("a watch broke: " + events.error().message());
      for (const EventPtr& event : *events) replay(*event);
      if (progress < *watched_) fail("progress went back");
      watched_ = progress;
      if (events->empty()) break;
    }
    if (replayed_ != stored()) fail("the events do not lead to what is stored");
  }

  void replay(const Event& event) {
    const std::string key(event.current->key());
    if (event.revision <= *watched_) fail("an event came twice or out of order");
    watched_ = event.revision;
    const auto before = replayed_.find(key);
    if ((event.previous != nullptr) != (before != replayed_.end())) fail("an event tells another state before");
    if (event.previous != nullptr && before != replayed_.end() && text_of(*event.previous) != before->second)
      fail("a wrong previous state");
    if (revision_in_body(*event.current) != event.revision) fail("an event's body has another revision");
    saw(event.revision, text_of(*event.current));
    if (event.type == EventType::kPut)
      replayed_[key] = text_of(*event.current);
    else
      replayed_.erase(key);
  }

  void live() {
    world_.disk().set_crash_policy(random_.below(5) == 0   ? CrashPolicy::kKeepAll
                                   : random_.below(5) == 0 ? CrashPolicy::kLoseAll
                                                           : CrashPolicy::kRandom);
    world_.disk().set_capacity(random_.below(4) == 0 ? (120 + random_.below(300)) << 10 : UINT64_MAX);
    const std::uint64_t operations = 5 + random_.below(60);
    const std::uint64_t ending = random_.below(4);
    if (ending == 0) world_.disk().crash_after_writes(1 + random_.below(operations));
    if (ending == 1) world_.disk().fail_nth(DiskOperation::kSync, 1 + random_.below(operations));
    for (std::uint64_t i = 0; i < operations && wrong_.empty() && !world_.disk().crashed(); ++i) {
      for (std::uint64_t burst = random_.below(4) == 0 ? 6 : 1; burst > 0; --burst) submit();
      if (random_.below(3) != 0)
        world_.run_until_idle();
      else
        world_.scheduler().step();
      if (random_.below(6) == 0) world_.run_for(std::chrono::milliseconds(5));
      if (!store_->stats().read_only && random_.below(20) == 0 && !world_.disk().crashed()) follow();
    }
    if (ending == 3) world_.run_until_idle();
  }

  void end() {
    ++life_;
    if (!world_.disk().crashed() && random_.below(4) == 0) {
      // A clean end commits what is queued; its outcomes are no longer heard.
      store_.reset();
      world_.scheduler().discard();
      return;
    }
    world_.crash();
    store_.reset();
    world_.restart();
  }

  world_sim::SimWorld world_;
  Loop& loop_;
  SimRandom random_;
  const Sabotage sabotage_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::string wrong_;
  int life_ = 0;
  std::uint64_t written_ = 0, operations_ = 0;
  Objects objects_;  // acknowledged
  std::int64_t sum_ = 0;
  std::deque<Operation> under_way_;
  Revision newest_seen_ = 0, newest_acknowledged_ = 0;
  std::map<Revision, std::string> seen_;
  std::optional<Revision> watched_;
  Objects replayed_;
};

constexpr int kLives = 8;

std::uint64_t seeds(std::uint64_t normally) {
  const char* wanted = std::getenv("PLINTH_STORE_SEEDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : normally;
}

TEST_CASE("crashes lose nothing acknowledged, reuse no revision and leave no gap") {
  for (std::uint64_t seed = 1; seed <= seeds(150); ++seed) {
    const std::string wrong = CrashRun(seed, {}).run(kLives);
    CHECK_MESSAGE(wrong.empty(), (fmt::format("seed {}: {}", seed, wrong)));
    if (!wrong.empty()) break;
  }
}

TEST_CASE("a store without sync, checksum or tail cut is caught") {
  struct Row {
    const char* name;
    Sabotage sabotage;
  };
  const Row rows[] = {
      {"no sync", {true, false, false}}, {"no checksum", {false, true, false}}, {"no tail cut", {false, false, true}}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    std::uint64_t seed = 1;
    while (seed <= 1'000 && CrashRun(seed, row.sabotage).run(kLives).empty()) ++seed;
    CHECK(seed <= 1'000);
    MESSAGE(std::string(row.name) << " is caught by seed " << seed);
  }
}

}  // namespace
}  // namespace plinth::store
