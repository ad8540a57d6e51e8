// The store with its own threads and real loops, written and read from several sides at once. Run under TSan.
#include <cstdlib>
#include <future>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <unistd.h>

#include "store/core_store.h"
#include "store/test_objects.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"

namespace plinth::store {
namespace {

class LoopThread {
 public:
  LoopThread() : loop_(world_real::EpollLoop::create().value()), thread_([this] { loop_->run(); }) {}
  ~LoopThread() {
    loop_->stop();
    thread_.join();
  }
  Loop& loop() { return *loop_; }
  // Runs on the loop and waits for it.
  void call(Task task) {
    std::promise<void> done;
    loop_->post([&] {
      task();
      done.set_value();
    });
    done.get_future().get();
  }

 private:
  std::unique_ptr<world_real::EpollLoop> loop_;
  std::thread thread_;
};

constexpr int kIncrements = 150;
constexpr int kClients = 4;
const std::string kKey = "/core/configmaps/d/counter";

std::int64_t value_of(const RecordPtr& record) { return record == nullptr ? 0 : std::atoll(text_of(*record).c_str()); }

// Adds one to a shared object by compare-and-swap, again and again; each success must show a value that nobody else produced.
struct Client {
  Store& store;
  Loop& loop;
  std::promise<void> finished;
  int left = kIncrements;
  std::vector<std::pair<Revision, std::int64_t>> produced;

  void step() {
    if (left == 0) return finished.set_value();
    const RecordPtr record = store.snapshot()->get(kKey);
    const std::int64_t next = value_of(record) + 1;
    Transaction transaction = put_transaction(kKey, std::to_string(next) + std::string(1'500, ' '));
    transaction.writes.push_back(put_transaction(fmt::format("/core/pods/d/p{}", next % 40), "x").writes[0]);
    Precondition condition;
    condition.kind = record == nullptr ? Precondition::Kind::kAbsent : Precondition::Kind::kAtRevision;
    condition.key = kKey;
    condition.revision = record == nullptr ? 0 : record->revision();
    transaction.preconditions.push_back(condition);
    store.commit(std::move(transaction), loop, [this, next](CommitOutcome outcome) {
      if (outcome.kind == CommitOutcome::Kind::kCommitted) {
        produced.emplace_back(outcome.committed.records[0]->revision(), next);
        --left;
      }
      step();
    });
  }
};

// Follows all changes of the counter and notes the values.
struct Follower {
  std::unique_ptr<Watch> watch;
  std::vector<std::int64_t> values;
  std::string wrong;
  std::promise<void> finished;
  void read() {
    for (;;) {
      Revision progress = 0;
      auto events = watch->next(5, progress);
      if (!events.ok()) {
        wrong = events.error().message();
        return finished.set_value();
      }
      if (events->empty()) return;
      for (const EventPtr& event : *events) values.push_back(value_of(event->current));
      if (values.size() == kIncrements * kClients) return finished.set_value();
    }
  }
};

TEST_CASE("increments from several loops are linearizable, and watchers see each once") {
  for (const bool durable : {false, true}) {
    CAPTURE(durable);
    world_real::RealClock clock;
    world_real::RealEntropy entropy;
    world_real::RealDisk disk;
    char folder[] = "/tmp/plinth-threads-XXXXXX";
    StoreOptions options;
    options.directory = durable ? mkdtemp(folder) : ":memory:";
    options.segment_bytes = 128 << 10;
    options.snapshot_tail_bytes_min = 256 << 10;
    options.history_bytes_max = 4 << 20;
    auto store = make_store(options, World{&clock, &entropy, &disk, nullptr}, {}).value();
    {
      std::vector<std::unique_ptr<LoopThread>> loops;
      for (int i = 0; i < 3; ++i) loops.push_back(std::make_unique<LoopThread>());
      std::vector<std::unique_ptr<Follower>> followers;
      for (int i = 0; i < 3; ++i) {
        followers.push_back(std::make_unique<Follower>());
        Follower* follower = followers.back().get();
        Loop& loop = loops[static_cast<std::size_t>(i)]->loop();
        loops[static_cast<std::size_t>(i)]->call(
            [&] { follower->watch = store->watch(kKey, 0, loop, [follower] { follower->read(); }).value(); });
      }
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < kClients; ++i) {
        clients.push_back(
            std::unique_ptr<Client>(new Client{*store, loops[static_cast<std::size_t>(i) % 3]->loop(), {}, kIncrements, {}}));
        clients.back()->loop.post([client = clients.back().get()] { client->step(); });
      }
      for (auto& client : clients) client->finished.get_future().get();
      for (auto& follower : followers) follower->finished.get_future().get();
      std::map<Revision, std::int64_t> produced;
      for (auto& client : clients) produced.insert(client->produced.begin(), client->produced.end());
      REQUIRE(produced.size() == kIncrements * kClients);
      std::int64_t expected = 0;
      for (const auto& [revision, value] : produced) CHECK(value == ++expected);
      for (auto& follower : followers) {
        CHECK(follower->wrong == "");
        for (std::size_t i = 0; i < follower->values.size(); ++i)
          CHECK(follower->values[i] == static_cast<std::int64_t>(i) + 1);
      }
      for (std::size_t i = 0; i < followers.size(); ++i) loops[i]->call([&] { followers[i]->watch.reset(); });
      store->close();  // before the loops go: its threads post to them
    }
    CHECK(value_of(store->snapshot()->get(kKey)) == kIncrements * kClients);
    if (!durable) continue;
    CHECK(store->stats().snapshots > 0);
    store.reset();
    auto again = make_store(options, World{&clock, &entropy, &disk, nullptr}, {});
    REQUIRE(again.ok());
    CHECK(value_of(again.value()->snapshot()->get(kKey)) == kIncrements * kClients);
    std::system(("rm -rf " + options.directory).c_str());
  }
}

TEST_CASE("keys are rotated while others write") {
  // A sealer that seals nothing but counts, so that the test is about the threads.
  struct Plain final : Sealer {
    Result<std::string> seal(std::string_view plain, std::string_view) override { return std::string(plain); }
    Result<std::string> open(std::string_view sealed, std::string_view) override { return std::string(sealed); }
  } sealer;
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  world_real::RealDisk disk;
  char folder[] = "/tmp/plinth-threads-XXXXXX";
  StoreOptions options;
  options.directory = mkdtemp(folder);
  options.segment_bytes = 128 << 10;
  auto store = make_store(options, World{&clock, &entropy, &disk, nullptr}, StoreWiring{&sealer, nullptr}).value();
  {
    LoopThread thread;
    Client client{*store, thread.loop(), {}, kIncrements, {}};
    thread.loop().post([&] { client.step(); });
    for (int i = 0; i < 3; ++i) CHECK(store->rotate_key().ok());
    client.finished.get_future().get();
    store->close();
  }
  store.reset();
  auto again = make_store(options, World{&clock, &entropy, &disk, nullptr}, StoreWiring{&sealer, nullptr});
  REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message()));
  CHECK(value_of(again.value()->snapshot()->get(kKey)) == kIncrements);
  std::system(("rm -rf " + options.directory).c_str());
}

}  // namespace
}  // namespace plinth::store
