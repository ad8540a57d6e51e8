// When the node runs short of something, and which pod has to go first. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/resource_usage.h"
#include "node/host/host_gauges.h"
#include "node/pod/observed.h"

namespace plinth::node {

enum class Pressure : std::uint8_t { kMemory, kDisk, kProcesses };

// What must be left. The kubelet's defaults for memory; of file systems less than its 10 and 15 percent, which a workstation's
// disk easily falls below (k3s has the same).
struct EvictionThresholds {
  std::uint64_t memory_bytes = 100ull << 20;
  double filesystem = 0.05, inodes = 0.05;  // shares
  double processes = 0.05;
};

// A threshold that is crossed, in the kubelet's words.
struct Shortage {
  Pressure pressure = Pressure::kMemory;
  std::string signal, resource;      // "memory.available", "memory"
  std::string threshold, available;  // quantities
};
std::vector<Shortage> shortages(const HostReading& reading, const EvictionThresholds& thresholds);

// A condition stays for a while after the last shortage, so that pods do not come back at once.
class PressureState {
 public:
  static constexpr std::int64_t kTransitionNs = 300'000'000'000;
  void update(const std::vector<Shortage>& now_short, std::int64_t now_ns);
  const std::set<Pressure>& holds() const { return holds_; }

 private:
  std::map<Pressure, std::int64_t> last_seen_ns_;
  std::set<Pressure> holds_;
};

// A pod that could be evicted.
struct Candidate {
  std::shared_ptr<const Pod> pod;
  std::vector<api::ContainerUsage> containers;   // what was measured; empty: nothing was
  std::map<std::string, std::uint64_t> written;  // by container, into its own layer
  std::uint64_t volumes_and_logs = 0;            // bytes on the node's disk besides
};

// Who goes first: those that use more of the resource than they asked for, then those of lower priority, then those that are
// further over what they asked for. Pods that are critical for the node, or whose usage makes no difference, are never named.
std::optional<std::size_t> first_to_go(const std::vector<Candidate>& candidates, Pressure pressure);
Verdict eviction_verdict(const Candidate& candidate, const Shortage& shortage);

// Whether a new pod is let in. Nothing: it is.
std::optional<Verdict> refused_under(const std::set<Pressure>& pressures, const Pod& pod);

}  // namespace plinth::node
