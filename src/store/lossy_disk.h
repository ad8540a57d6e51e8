// For tests: real files under a layer that knows what was synced. After a power cut the files on the real disk hold what a
// machine would find: of what was not synced any sectors, in any order; of names only those whose directory was synced, and
// some others.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/world.h"
#include "world_real/real_disk.h"

namespace plinth::store {

// Thread-safe. All paths are below one folder.
class LossyDisk final : public Disk {
 public:
  LossyDisk(std::string root, std::uint64_t seed) : root_(std::move(root)), random_(seed) { remember(root_); }

  // The n-th sync of a file from now fails, and what it was to make durable is lost at the next power cut.
  void fail_sync(int n) {
    std::lock_guard lock(mutex_);
    fail_sync_ = n;
  }
  // From now on every call fails.
  void power_cut() {
    std::lock_guard lock(mutex_);
    dead_ = true;
  }
  // After everything that used this disk is gone: makes the real files what the power cut has left. Use a new LossyDisk
  // afterwards.
  void leave_what_survived() {
    std::lock_guard lock(mutex_);
    for (const auto& [path, content] : live_) {
      (void)real_.remove(path);
      if (random_() % 2 == 0) durable_.emplace(path, content);
    }
    for (auto& [path, content] : durable_) {
      const std::string bytes = survivor(*content);
      auto file = real_.open(path, OpenMode::kCreate, 0600).value();
      (void)file->truncate(0);
      if (!bytes.empty()) (void)file->write_at(0, bytes);
    }
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, int permissions = 0600) override;
  Result<void> make_directories(const std::string& path, int permissions = 0700) override {
    TRY(alive());
    return real_.make_directories(path, permissions);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    TRY(alive());
    return real_.list(directory);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    TRY(alive());
    TRY(real_.rename(from, to));
    std::lock_guard lock(mutex_);
    live_[to] = live_[from];
    live_.erase(from);
    return {};
  }
  Result<void> remove(const std::string& path) override {
    TRY(alive());
    TRY(real_.remove(path));
    std::lock_guard lock(mutex_);
    live_.erase(path);
    return {};
  }
  Result<void> sync_directory(const std::string& directory) override {
    TRY(alive());
    TRY(real_.sync_directory(directory));
    std::lock_guard lock(mutex_);
    auto inside = [&](const std::string& path) { return path.substr(0, path.rfind('/')) == directory; };
    std::erase_if(durable_, [&](const auto& entry) { return inside(entry.first); });
    for (const auto& [path, content] : live_) {
      if (inside(path)) durable_[path] = content;
    }
    return {};
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    TRY(alive());
    return real_.lock(path);
  }
  Result<std::uint64_t> free_bytes(const std::string& directory) override { return real_.free_bytes(directory); }

 private:
  friend class LossyFile;
  static constexpr std::size_t kSector = 512;
  struct Change {
    bool truncates = false;
    std::uint64_t at = 0;  // offset, or the size that is cut to
    std::string bytes;
  };
  struct Content {
    std::string durable;
    std::vector<Change> pending;
  };

  Result<void> alive() {
    std::lock_guard lock(mutex_);
    if (dead_) return Error(Reason::kInternalError, "the power is cut");
    return {};
  }
  static void apply(std::string& bytes, const Change& change) {
    if (change.truncates) return bytes.resize(change.at, '\0');
    if (bytes.size() < change.at + change.bytes.size()) bytes.resize(change.at + change.bytes.size(), '\0');
    bytes.replace(change.at, change.bytes.size(), change.bytes);
  }
  // Sectors of what is pending survive or not, in any order; a truncation is in order, as journals make it.
  std::string survivor(const Content& content) {
    std::string out = content.durable;
    std::vector<Change> sectors;
    auto flush = [&] {
      std::shuffle(sectors.begin(), sectors.end(), random_);
      for (const Change& sector : sectors) {
        if (random_() % 2 == 0) apply(out, sector);
      }
      sectors.clear();
    };
    for (const Change& change : content.pending) {
      if (change.truncates) {
        flush();
        apply(out, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size();) {
        const std::size_t bytes = std::min(kSector - (change.at + at) % kSector, change.bytes.size() - at);
        sectors.push_back({false, change.at + at, change.bytes.substr(at, bytes)});
        at += bytes;
      }
    }
    flush();
    return out;
  }
  void remember(const std::string& folder) {
    auto names = real_.list(folder);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      const std::string path = folder + "/" + name;
      if (real_.list(path).ok()) {
        remember(path);
        continue;
      }
      auto content = std::make_shared<Content>();
      content->durable = read_file(real_, path, 1ull << 30).value();
      live_[path] = durable_[path] = content;
    }
  }

  std::string root_;
  world_real::RealDisk real_;
  std::mutex mutex_;  // all below
  std::mt19937_64 random_;
  bool dead_ = false;
  int fail_sync_ = 0;
  std::map<std::string, std::shared_ptr<Content>> live_, durable_;
};

class LossyFile final : public File {
 public:
  LossyFile(LossyDisk& disk, std::shared_ptr<LossyDisk::Content> content, std::unique_ptr<File> real)
      : disk_(disk), content_(std::move(content)), real_(std::move(real)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) override {
    TRY(disk_.alive());
    return real_->read_at(offset, out);
  }
  Result<void> write_at(std::uint64_t offset, std::string_view data) override {
    TRY(disk_.alive());
    TRY(real_->write_at(offset, data));
    std::lock_guard lock(disk_.mutex_);
    content_->pending.push_back({false, offset, std::string(data)});
    return {};
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    std::string all;
    for (std::string_view part : parts) all += part;
    return write_at(offset, all);
  }
  Result<void> sync() override {
    TRY(disk_.alive());
    TRY(real_->sync());
    std::lock_guard lock(disk_.mutex_);
    if (disk_.dead_) return Error(Reason::kInternalError, "the power is cut");
    if (disk_.fail_sync_ > 0 && --disk_.fail_sync_ == 0) {
      content_->pending.clear();
      return Error(Reason::kInternalError, "an injected fault of a sync");
    }
    for (const auto& change : content_->pending) LossyDisk::apply(content_->durable, change);
    content_->pending.clear();
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    TRY(disk_.alive());
    TRY(real_->truncate(size));
    std::lock_guard lock(disk_.mutex_);
    content_->pending.push_back({true, size, ""});
    return {};
  }
  Result<std::uint64_t> size() override {
    TRY(disk_.alive());
    return real_->size();
  }

 private:
  LossyDisk& disk_;
  std::shared_ptr<LossyDisk::Content> content_;
  std::unique_ptr<File> real_;
};

inline Result<std::unique_ptr<File>> LossyDisk::open(const std::string& path, OpenMode mode, int permissions) {
  TRY(alive());
  auto file = TRY(real_.open(path, mode, permissions));
  std::lock_guard lock(mutex_);
  auto& content = live_[path];
  if (content == nullptr) content = std::make_shared<Content>();
  return std::unique_ptr<File>(std::make_unique<LossyFile>(*this, content, std::move(file)));
}

}  // namespace plinth::store
