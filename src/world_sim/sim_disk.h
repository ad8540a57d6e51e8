// A disk in memory that is stricter than a real one: what was not synced may be lost in any combination, names need
// sync_directory, and faults come when asked for. Deterministic from its seed.
//
// Paths are absolute or relative to "/"; ".." is not understood. The directory "/" always exists.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/world.h"
#include "world_sim/sim_inode.h"
#include "world_sim/sim_random.h"

namespace plinth::world_sim {

// What can be made to fail, and is counted.
enum class DiskOperation : std::uint8_t { kAny, kRead, kWrite, kSync, kTruncate, kOpen, kName, kSyncDirectory };
constexpr std::size_t kDiskOperations = 8;

// Thread-safe; the order of calls is part of what the seed decides, so deterministic only when they come from one thread.
class SimDisk final : public Disk {
 public:
  explicit SimDisk(std::uint64_t seed) : random_(seed) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, int permissions = 0600) override;
  Result<void> make_directories(const std::string& path, int permissions = 0700) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& directory) override;

  // --- Faults ---

  // The n-th operation of that kind from now (1 is the next one) fails once. A failing write may have written a part of its
  // data; a failing sync loses any of what was unsynced, for good. Kinds are independent of each other.
  void fail_nth(DiskOperation kind, std::uint64_t n, Reason reason = Reason::kInternalError);
  // Bytes that all files together may have; writes past it fail with InsufficientStorage, after writing a part.
  void set_capacity(std::uint64_t bytes);
  // The n-th write from now is the last thing that happens: a part of it may be done, then the machine is dead as by crash().
  void crash_after_writes(std::uint64_t n);
  // The machine dies: every call fails, also those on open files, until restart().
  void crash();
  bool crashed() const;
  // The machine comes back with what survived. Files and locks from before stay dead.
  void restart();
  // What a crash leaves of unsynced content and names.
  void set_crash_policy(CrashPolicy policy) { policy_ = policy; }
  // By default a made directory survives without sync_directory of its parent; with this it need not.
  void set_lose_directories(bool lose) { lose_directories_ = lose; }
  // Forgets the faults that are still to come, and the ceiling of bytes.
  void clear_faults();
  // Rot: flips a bit at rest. False when the file has no such bit.
  bool flip_bit(const std::string& path, std::uint64_t bit);
  // Flips `count` bits anywhere in the files whose path starts with `prefix`. The paths that were hit.
  std::vector<std::string> flip_random_bits(std::size_t count, const std::string& prefix = "/");

  // --- Looking in ---

  std::uint64_t operations(DiskOperation kind) const;
  // What a crash with kLoseAll would leave of a file; empty when not even its name.
  std::optional<std::string> durable_content(const std::string& path) const;
  std::vector<std::string> paths() const;
  // A hash of all names and contents that reads see.
  std::uint64_t fingerprint() const;

 private:
  friend class SimFile;
  friend class SimFileLock;
  // A file, or a directory when `inode` is null.
  struct Entry {
    std::shared_ptr<SimInode> inode;
    int permissions = 0;
  };
  using Names = std::map<std::string, Entry>;
  // A change of names that is not durable yet. A rename is one change: it survives whole or not at all.
  struct NameChange {
    std::string directory;  // whose sync makes it durable
    std::string unset;      // removed path, if any
    std::string set;        // added path, if any
    Entry entry;
  };

  Result<void> begin(DiskOperation kind, const std::string& what);
  Result<void> write(SimInode& inode, const std::string& path, std::uint64_t offset, std::string_view data);
  Result<void> grow(const SimInode& inode, const std::string& path, std::uint64_t size) const;
  void change_name(NameChange change, bool durable_at_once = false);
  static void apply(Names& names, const NameChange& change);
  std::uint64_t used_bytes() const;
  Error crashed_error(const std::string& what) const;
  bool alive(std::uint64_t boot) const { return !crashed_ && boot == boot_; }

  mutable std::mutex mutex_;  // all below
  SimRandom random_;
  CrashPolicy policy_ = CrashPolicy::kRandom;
  bool lose_directories_ = false;
  bool crashed_ = false;
  std::uint64_t boot_ = 0;  // files and locks of an earlier one are dead
  std::uint64_t capacity_ = UINT64_MAX;
  std::uint64_t writes_until_crash_ = 0;  // 0: never
  std::array<std::uint64_t, kDiskOperations> counts_{};
  struct Planned {
    std::uint64_t at;  // value of the count
    Reason reason;
  };
  std::array<std::vector<Planned>, kDiskOperations> planned_;
  Names names_, durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> locks_;
};

}  // namespace plinth::world_sim
