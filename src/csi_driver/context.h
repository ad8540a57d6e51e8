// What the driver's calls share.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "csi_driver/tools.h"
#include "csi_driver/volume_book.h"

namespace plinth::csi_driver {

constexpr std::string_view kDriverName = "local.csi.plinth.dev";
// The node's label, and the one segment of every volume's topology.
constexpr std::string_view kTopologyKey = "topology.plinth/node";
// A parameter of a class: the filesystem where the capability names none.
constexpr std::string_view kFsParameter = "fsType";

struct DriverOptions {
  std::string node_id;
  std::string version;
  // How many bytes may be promised for each byte of the pool that is free.
  double overcommit = 1;
};

// One call at a time for each volume, snapshot and name: others are told to come again (ABORTED). Thread-safe.
class OperationLocks {
 public:
  class Held {
   public:
    Held(OperationLocks& locks, std::vector<std::string> keys) : locks_(&locks), keys_(std::move(keys)) {}
    Held(Held&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), keys_(std::move(other.keys_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (locks_ != nullptr) locks_->release(keys_);
    }

   private:
    OperationLocks* locks_;
    std::vector<std::string> keys_;
  };
  // All of them or none; equal and empty keys count once and not at all.
  std::optional<Held> take(std::vector<std::string> keys);

 private:
  void release(const std::vector<std::string>& keys);
  std::mutex mutex_;
  std::set<std::string> busy_;  // guarded by mutex_
};

struct Context {
  DriverOptions options;
  VolumeBook& book;
  Disk& disk;
  RunTool run;
  Clock& clock;
  Entropy& entropy;
  OperationLocks locks;
  // Bytes promised to calls under way, whose volumes do not count yet.
  std::mutex space;
  std::int64_t reserved = 0;  // guarded by space
};

}  // namespace plinth::csi_driver
