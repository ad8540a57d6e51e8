// store_bench [DIRECTORY]: durable puts a second with 1, 16 and 64 writers, and the time to open 100,000 objects of 3 KB.
// Built on demand: cmake --build build/release --target store_bench
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "store/commit_queue.h"
#include "store/core_store.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"

namespace plinth::store {
namespace {

using Time = std::chrono::steady_clock;

double seconds_since(Time::time_point begin) { return std::chrono::duration<double>(Time::now() - begin).count(); }

EncodedObject make_object(std::size_t bytes) {
  EncodedObject object;
  object.uid = "6a5e7a8c-0000-4000-8000-000000000000";
  object.body = "\"data\":{\"k\":\"" + std::string(bytes, 'x') + "\"},\"metadata\":{\"resourceVersion\":";
  object.revision_slot = static_cast<std::uint32_t>(object.body.size());
  object.body += std::string(kRevisionSlotBytes, ' ');
  object.managed_fields_cut = static_cast<std::uint32_t>(object.body.size());
  object.body += "}}";
  return object;
}

// Resident bytes of this process.
std::uint64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0, pages = 0;
  file >> total >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

struct Machine {
  world_real::RealClock clock;
  world_real::RealEntropy entropy;
  world_real::RealDisk disk;
  World world() { return World{&clock, &entropy, &disk, nullptr}; }
};

// Writers on one loop, each with one write under way.
class Load {
 public:
  Load(Store& store, int writers, double seconds)
      : store_(store), loop_(world_real::EpollLoop::create().value()), left_(writers) {
    end_ = Time::now() + std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds));
    for (int i = 0; i < writers; ++i) loop_->post([this, i] { step(i); });
    const auto begin = Time::now();
    loop_->run();
    seconds_ = seconds_since(begin);
    std::sort(latencies_.begin(), latencies_.end());
  }
  double per_second() const { return static_cast<double>(latencies_.size()) / seconds_; }
  double quantile_us(double q) const {
    return latencies_.empty() ? 0 : latencies_[static_cast<std::size_t>(q * (latencies_.size() - 1))] * 1e6;
  }

 private:
  void step(int writer) {
    if (Time::now() >= end_) {
      if (--left_ == 0) loop_->stop();
      return;
    }
    Transaction transaction;
    transaction.writes.push_back(
        Write{fmt::format("/core/configmaps/bench/c{}-{}", writer, count_++ % 20'000), make_object(3'000), {}});
    const auto begin = Time::now();
    store_.commit(std::move(transaction), *loop_, [this, writer, begin](CommitOutcome outcome) {
      if (outcome.kind != CommitOutcome::Kind::kCommitted) std::abort();
      latencies_.push_back(seconds_since(begin));
      step(writer);
    });
  }
  Store& store_;
  std::unique_ptr<world_real::EpollLoop> loop_;
  int left_;
  std::uint64_t count_ = 0;
  Time::time_point end_;
  double seconds_ = 0;
  std::vector<double> latencies_;
};

int run(const std::string& directory) {
  Machine machine;
  StoreOptions options;
  options.directory = directory;
  const double seconds = std::getenv("SECONDS_EACH") != nullptr ? std::atof(std::getenv("SECONDS_EACH")) : 3;
  {
    if (std::getenv("NO_INLINE") != nullptr) options.inline_sync_ns_max = 0;
    auto made = make_store(options, machine.world(), {});
    if (!made.ok()) return fmt::print("{}\n", made.error().message()), 1;
    for (const int writers : {1, 16, 64}) {
      const Store::Stats before = (*made)->stats();
      const Load load(**made, writers, seconds);
      const Store::Stats after = (*made)->stats();
      fmt::print(
          "{:3} writers: {:8.0f} puts/s, median {:.0f} us, p99 {:.0f} us; {:.1f} a group, written and synced in {:.0f} us\n",
          writers, load.per_second(), load.quantile_us(0.5), load.quantile_us(0.99),
          static_cast<double>(after.commits - before.commits) / static_cast<double>(after.groups - before.groups),
          static_cast<double>(after.sync_ns_total - before.sync_ns_total) / 1e3 /
              static_cast<double>(after.groups - before.groups));
    }
    // 100,000 objects, whatever is there already goes.
    auto loop = world_real::EpollLoop::create().value();
    int open = 0, at = 0;
    std::function<void()> next = [&] {
      while (open < 64 && at < 100'000) {
        Transaction transaction;
        transaction.writes.push_back(Write{fmt::format("/core/configmaps/fill/c{:06}", at++), make_object(3'000), {}});
        ++open;
        (*made)->commit(std::move(transaction), *loop, [&](CommitOutcome) {
          --open;
          next();
        });
      }
      if (open == 0) loop->stop();
    };
    loop->post([&] { next(); });
    loop->run();
    (*made)->close();
  }
  for (int round = 0; round < 3; ++round) {
    const auto begin = Time::now();
    auto made = make_store(options, machine.world(), {});
    const double took = seconds_since(begin);
    if (!made.ok()) return fmt::print("{}\n", made.error().message()), 1;
    const SnapshotPtr snapshot = made.value()->snapshot();
    fmt::print("open: {:.3f} s, {} objects, {:.0f} MB of objects, {:.0f} MB resident\n", took, snapshot->object_count(),
               static_cast<double>(snapshot->object_bytes()) / 1e6, static_cast<double>(resident()) / 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace plinth::store

int main(int argc, char** argv) {
  if (argc > 1) return plinth::store::run(argv[1]);
  char folder[] = "/tmp/store-bench-XXXXXX";
  const std::string directory = mkdtemp(folder);
  const int status = plinth::store::run(directory);
  std::system(("rm -rf " + directory).c_str());
  return status;
}
