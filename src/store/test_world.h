// A small simulated machine for the store's own tests: one thread, a disk that can lose what was not synced, tear writes, fill
// up, flip bits, and crash after any call.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/world.h"

namespace plinth::store {

class TestClock final : public Clock {
 public:
  std::int64_t wall_ns() const override { return now; }
  std::int64_t monotonic_ns() const override { return now; }
  std::int64_t now = 1'000'000'000;
};

class TestEntropy final : public Entropy {
 public:
  explicit TestEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& c : out) c = static_cast<unsigned char>(random_());
  }

 private:
  std::mt19937_64 random_;
};

// Tasks run in order when run() is called; time jumps to the next timer when nothing else is left.
class TestLoop final : public Loop {
 public:
  explicit TestLoop(TestClock& clock) : clock_(clock) {}
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId after(Duration delay, Task task) override {
    timers_.emplace(clock_.now + delay.count(), std::make_pair(++last_timer_, std::move(task)));
    return last_timer_;
  }
  void cancel(TimerId timer) override {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->second.first == timer) return void(timers_.erase(it));
    }
  }
  bool in_loop() const override { return true; }

  bool run_one() {
    if (tasks_.empty() && !timers_.empty()) {
      clock_.now = std::max(clock_.now, timers_.begin()->first);
      tasks_.push_back(std::move(timers_.begin()->second.second));
      timers_.erase(timers_.begin());
    }
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void run() {
    while (run_one()) {
    }
  }
  void drop_everything() {
    tasks_.clear();
    timers_.clear();
  }

 private:
  TestClock& clock_;
  std::deque<Task> tasks_;
  std::multimap<std::int64_t, std::pair<TimerId, Task>> timers_;
  TimerId last_timer_ = 0;
};

class TestDisk final : public Disk {
 public:
  static constexpr std::size_t kSector = 512;
  struct Content {
    std::string bytes;
    std::string durable;             // as of the last sync
    std::set<std::size_t> unsynced;  // sectors
  };
  using ContentPtr = std::shared_ptr<Content>;

  // Faults. Calls are counted; at `crash_at` the machine is off: nothing has an effect any more and every call fails.
  std::uint64_t calls = 0;
  std::uint64_t crash_at = 0;
  std::uint64_t fail_sync_at = 0;  // the n-th sync of a file fails
  std::uint64_t syncs = 0;
  std::uint64_t capacity = ~0ull;  // bytes of all files
  bool crashed = false;
  std::map<std::string, ContentPtr> names;

  // What a power cut leaves: of what was not synced any sector may be there or not, of unsynced names likewise.
  void power_cut(std::mt19937_64& random) {
    for (auto& change : renames_) {
      if (random() % 2 == 0) continue;
      change(durable_names_);
    }
    renames_.clear();
    for (auto& [path, content] : durable_names_) tear(*content, random);
    names = durable_names_;
    locked_.clear();
    crashed = false;
    crash_at = 0;
  }
  // What kill -9 leaves: the page cache goes on.
  void process_died() {
    locked_.clear();
    crashed = false;
    crash_at = 0;
  }
  std::uint64_t used() const {
    std::uint64_t n = 0;
    for (const auto& [_, content] : names) n += content->bytes.size();
    return n;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, int = 0600) override;
  Result<void> make_directories(const std::string&, int = 0700) override { return step(); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    if (crashed) return off();
    std::vector<std::string> out;
    for (const auto& [path, _] : names) {
      if (path.size() > directory.size() && path.compare(0, directory.size() + 1, directory + "/") == 0 &&
          path.find('/', directory.size() + 1) == std::string::npos) {
        out.push_back(path.substr(directory.size() + 1));
      }
    }
    return out;
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return change_names([from, to](auto& all) {
      const auto found = all.find(from);
      if (found == all.end()) return;
      all[to] = found->second;
      all.erase(from);
    });
  }
  Result<void> remove(const std::string& path) override {
    if (!crashed && names.count(path) == 0) return Error(Reason::kNotFound, path);
    return change_names([path](auto& all) { all.erase(path); });
  }
  Result<void> sync_directory(const std::string&) override {
    if (crashed) return off();
    durable_names_ = names;
    renames_.clear();
    return step();
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    if (crashed) return off();
    auto held = locked_[path].lock();
    if (held != nullptr) return Error(Reason::kConflict, path + " is locked");
    held = std::make_shared<int>(0);
    locked_[path] = held;
    struct Lock final : FileLock {
      std::shared_ptr<int> held;
    };
    auto lock = std::make_unique<Lock>();
    lock->held = held;
    return std::unique_ptr<FileLock>(std::move(lock));
  }
  Result<std::uint64_t> free_bytes(const std::string&) override { return capacity - std::min(capacity, used()); }

 private:
  friend class TestFile;
  using Names = std::map<std::string, ContentPtr>;
  static Error off() { return Error(Reason::kInternalError, "the machine is off"); }
  Result<void> step() {
    if (crashed) return off();
    if (++calls == crash_at) crashed = true;
    return {};
  }
  Result<void> change_names(std::function<void(Names&)> change) {
    if (crashed) return off();
    change(names);
    renames_.push_back(std::move(change));
    return step();
  }
  static void tear(Content& content, std::mt19937_64& random) {
    std::string after = content.durable;
    if (content.bytes.size() != after.size() && random() % 2 == 0) after.resize(content.bytes.size());
    for (const std::size_t sector : content.unsynced) {
      const std::size_t at = sector * kSector;
      if (random() % 2 == 0 || at >= after.size() || at >= content.bytes.size()) continue;
      const std::size_t n = std::min({kSector, after.size() - at, content.bytes.size() - at});
      after.replace(at, n, content.bytes, at, n);
    }
    content.bytes = content.durable = after;
    content.unsynced.clear();
  }

  Names durable_names_;
  std::vector<std::function<void(Names&)>> renames_;  // since the last directory sync
  std::map<std::string, std::weak_ptr<int>> locked_;
};

class TestFile final : public File {
 public:
  TestFile(TestDisk& disk, TestDisk::ContentPtr content) : disk_(disk), content_(std::move(content)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    if (disk_.crashed) return TestDisk::off();
    if (offset >= content_->bytes.size()) return std::size_t{0};
    return content_->bytes.copy(out.data(), out.size(), offset);
  }
  Result<void> write_at(std::uint64_t offset, std::string_view data) override {
    if (disk_.crashed) return TestDisk::off();
    const std::uint64_t end = offset + data.size();
    const std::uint64_t grows = end > content_->bytes.size() ? end - content_->bytes.size() : 0;
    if (grows > 0 && disk_.used() + grows > disk_.capacity)
      return Error(Reason::kInsufficientStorage, "no space left on device");
    if (grows > 0) content_->bytes.resize(end);
    content_->bytes.replace(offset, data.size(), data);
    for (std::size_t s = offset / TestDisk::kSector; s * TestDisk::kSector < end; ++s) content_->unsynced.insert(s);
    return disk_.step();
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    std::string all;
    for (const std::string_view part : parts) all += part;
    return write_at(offset, all);
  }
  Result<void> sync() override {
    if (disk_.crashed) return TestDisk::off();
    if (++disk_.syncs == disk_.fail_sync_at) return Error(Reason::kInternalError, "input/output error");
    TRY(disk_.step());  // a crash in a sync leaves it open what was written
    if (disk_.crashed) return TestDisk::off();
    content_->durable.resize(content_->bytes.size());
    for (const std::size_t sector : content_->unsynced) {
      const std::size_t at = sector * TestDisk::kSector;
      if (at < content_->bytes.size()) content_->durable.replace(at, TestDisk::kSector, content_->bytes, at, TestDisk::kSector);
    }
    content_->unsynced.clear();
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    if (disk_.crashed) return TestDisk::off();
    content_->bytes.resize(size);
    return disk_.step();
  }
  Result<std::uint64_t> size() override {
    if (disk_.crashed) return TestDisk::off();
    return std::uint64_t{content_->bytes.size()};
  }

 private:
  TestDisk& disk_;
  const TestDisk::ContentPtr content_;
};

inline Result<std::unique_ptr<File>> TestDisk::open(const std::string& path, OpenMode mode, int) {
  if (crashed) return off();
  auto found = names.find(path);
  if (found == names.end()) {
    if (mode != OpenMode::kCreate && mode != OpenMode::kCreateExclusive)
      return Error(Reason::kNotFound, path + " does not exist");
    auto content = std::make_shared<Content>();
    TRY(change_names([path, content](Names& all) { all[path] = content; }));
    found = names.find(path);
  } else if (mode == OpenMode::kCreateExclusive) {
    return Error(Reason::kAlreadyExists, path);
  }
  return std::unique_ptr<File>(std::make_unique<TestFile>(*this, found->second));
}

// All of it, for one store at a time.
struct TestMachine {
  TestClock clock;
  TestEntropy entropy;
  TestDisk disk;
  TestLoop loop;
  explicit TestMachine(std::uint64_t seed = 1) : entropy(seed), loop(clock) {}
  World world() { return World{&clock, &entropy, &disk, nullptr}; }
};

}  // namespace plinth::store
