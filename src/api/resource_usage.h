// What pods and nodes use: measured by a node, served as metrics.k8s.io, read by autoscalers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace plinth::api {

struct Usage {
  std::int64_t cpu_nano_cores = 0;
  std::int64_t memory_bytes = 0;  // the working set
};

// Of the time [timestamp - window, timestamp], wall clock.
struct UsagePeriod {
  std::int64_t timestamp_ns = 0, window_ns = 0;
};

struct ContainerUsage {
  std::string name;
  Usage usage;
};

struct PodUsage {
  std::string uid;
  UsagePeriod period;
  std::vector<ContainerUsage> containers;  // all that run
};

struct NodeUsage {
  UsagePeriod period;
  Usage usage;
};

// One round of measurements. Immutable once published.
struct UsageTable {
  std::map<std::pair<std::string, std::string>, PodUsage> pods;  // by namespace and name
  std::map<std::string, NodeUsage> nodes;
};
using UsageTablePtr = std::shared_ptr<const UsageTable>;

// The newest round. Any thread.
class UsageBoard {
 public:
  void publish(UsageTablePtr table) {
    std::lock_guard lock(mutex_);
    latest_ = std::move(table);
  }
  // Null: nothing has been measured yet.
  UsageTablePtr latest() const {
    std::lock_guard lock(mutex_);
    return latest_;
  }

 private:
  mutable std::mutex mutex_;
  UsageTablePtr latest_;
};

}  // namespace plinth::api
