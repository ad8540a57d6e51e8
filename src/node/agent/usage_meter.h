// Measures what the node and its pods use, every few seconds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/resource_usage.h"
#include "node/agent/node_parts.h"
#include "node/host/host_gauges.h"

namespace plinth::node {

// A container whose usage is wanted, by the id that the runtime has for it.
struct RunningContainer {
  std::string name_space, pod, pod_uid, name;
  std::int64_t started_ns = 0;  // wall time
};
using RunningContainers = std::map<std::string, RunningContainer>;

// One round, as it was read.
struct Measured {
  std::int64_t at_ns = 0;  // wall time
  std::vector<ContainerStats> containers;
  std::optional<HostReading> host;
};

// A counter at a time; two of them make a rate.
struct CpuSample {
  std::int64_t at_ns = 0;
  std::uint64_t cpu_ns = 0;
};

// The usage of pods between two rounds. A pod is left out while one of its containers has only been seen once, unless that one
// started not long ago: then its start counts as the first time. `samples` are those of the round before, by container, and
// become those of this one.
std::map<std::pair<std::string, std::string>, api::PodUsage> pod_usage(const RunningContainers& running,
                                                                       const std::vector<ContainerStats>& stats,
                                                                       std::map<std::string, CpuSample>& samples);

// On the node's loop.
class UsageMeter {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(10);
  static constexpr std::int64_t kWindowMinNs = 1'000'000'000;  // between two samples
  static constexpr std::int64_t kFreshMinNs = 2'000'000'000;   // between a start and the first sample ...
  static constexpr std::int64_t kFreshMaxNs = 30'000'000'000;  // ... for the average since the start to say something

  // After a round: what the machine says, what was published, what containers have written (bytes, by container id).
  using Looked =
      std::function<void(const HostReading&, const api::UsageTable&, const std::map<std::string, std::uint64_t>& written)>;

  // `gauges` null: the node uses what its pods use, and nothing is `looked` at.
  UsageMeter(NodeParts& parts, HostGauges* gauges, api::UsageBoard* board, std::function<RunningContainers()> running,
             Looked looked)
      : parts_(parts), gauges_(gauges), board_(board), running_(std::move(running)), looked_(std::move(looked)) {}
  ~UsageMeter();

  void start();
  // The newest round; null: nothing yet.
  std::shared_ptr<const Measured> measured() const { return measured_; }

 private:
  void look();
  void take(std::shared_ptr<api::UsageTable> table, std::vector<ContainerStats> stats);
  void keep(std::vector<ContainerStats> stats, std::optional<HostReading> host);
  void take_host(const std::shared_ptr<api::UsageTable>& table, const HostReading& reading);
  void finish(const std::shared_ptr<api::UsageTable>& table);
  api::Usage sum_of_pods(const api::UsageTable& table) const;

  NodeParts& parts_;
  HostGauges* gauges_;
  api::UsageBoard* board_;
  std::function<RunningContainers()> running_;
  Looked looked_;
  std::map<std::string, std::uint64_t> written_;
  std::shared_ptr<const Measured> measured_;
  std::map<std::string, CpuSample> samples_;
  CpuSample host_sample_;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
