// The store with its own threads on real files, under a layer that loses what was not synced: names, sectors in any order,
// failed syncs.
#include <filesystem>
#include <future>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <unistd.h>

#include "store/core_store.h"
#include "store/lossy_disk.h"
#include "store/test_objects.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"

namespace plinth::store {
namespace {

struct Key {
  std::string acknowledged;  // "": nothing was
  std::string under_way;
};

// Some lives of one folder; what is acknowledged on the loop's thread is checked when the store is opened again.
class PowerCuts {
 public:
  explicit PowerCuts(std::uint64_t seed) : random_(seed), thread_([this] { loop_->run(); }) {
    char folder[] = "/tmp/plinth-power-XXXXXX";
    root_ = mkdtemp(folder);
    options_.directory = root_ + "/data";
    options_.segment_bytes = 24 << 10;
    options_.snapshot_tail_bytes_min = 60 << 10;
    options_.history_bytes_max = 72 << 10;
    options_.inline_sync_ns_max = 0;
  }
  ~PowerCuts() {
    loop_->stop();
    thread_.join();
    std::filesystem::remove_all(root_);
  }

  void life(int number) {
    LossyDisk disk(root_, random_());
    const World world{&clock_, &entropy_, &disk, nullptr};
    auto made = make_store(options_, world, StoreWiring{});
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message()));
    store_ = std::move(*made);
    check();
    if (random_() % 4 == 0) disk.fail_sync(1 + static_cast<int>(random_() % 20));
    write(disk, number);
    store_.reset();
    disk.leave_what_survived();
  }

 private:
  void check() {
    const SnapshotPtr snapshot = store_->snapshot();
    CHECK(snapshot->revision() >= newest_);
    std::lock_guard lock(mutex_);
    for (auto& [name, key] : keys_) {
      const RecordPtr record = snapshot->get(name);
      const std::string found = record == nullptr ? "" : text_of(*record);
      const bool fine = found == key.acknowledged || (!key.under_way.empty() && found == key.under_way);
      const std::string told = fmt::format("{}: acknowledged {}, under way {}, found {}", name, key.acknowledged.substr(0, 20),
                                           key.under_way.substr(0, 20), found.substr(0, 20));
      CHECK_MESSAGE(fine, told);
      key = {found, ""};
    }
  }

  // Each key has one write under way at most.
  void write(LossyDisk& disk, int number) {
    const int cut_after = 1 + static_cast<int>(random_() % 40);
    for (int round = 0; round < cut_after; ++round) {
      std::vector<std::future<void>> done;
      for (int i = 0; i < 4; ++i) done.push_back(put(fmt::format("/core/pods/d/p{}", i * 4 + random_() % 4), number, round));
      if (round + 1 == cut_after) {
        if (random_() % 2 == 0) std::this_thread::yield();
        disk.power_cut();
      }
      for (auto& one : done) one.get();
    }
  }

  std::future<void> put(const std::string& name, int number, int round) {
    const std::string text = fmt::format("{}.{}-{}", number, round, std::string(random_() % 2'000, 'x'));
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    {
      std::lock_guard lock(mutex_);
      if (!keys_[name].under_way.empty()) {  // of a failed sync: it may be there or not
        done->set_value();
        return future;
      }
      keys_[name].under_way = text;
    }
    store_->commit(put_transaction(name, text), *loop_, [this, name, text, done](CommitOutcome outcome) {
      if (outcome.kind == CommitOutcome::Kind::kCommitted) {
        std::lock_guard lock(mutex_);
        keys_[name] = {text, ""};
        newest_ = std::max(newest_, outcome.committed.revision);
      }
      done->set_value();
    });
    return future;
  }

  world_real::RealClock clock_;
  world_real::RealEntropy entropy_;
  std::mt19937_64 random_;
  std::unique_ptr<world_real::EpollLoop> loop_ = world_real::EpollLoop::create().value();
  std::thread thread_;
  std::string root_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::mutex mutex_;  // keys_, newest_
  std::map<std::string, Key> keys_;
  Revision newest_ = 0;
};

TEST_CASE("power cuts under real files and threads lose nothing acknowledged") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    PowerCuts cuts(seed);
    for (int number = 1; number <= 6; ++number) cuts.life(number);
  }
}

}  // namespace
}  // namespace plinth::store
