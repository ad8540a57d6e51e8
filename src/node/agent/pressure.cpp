#include "node/agent/pressure.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "api/quantity.h"
#include "api/resource_amounts.h"
#include "api/strategies/qos_class.h"
#include "base/text.h"

namespace plinth::node {
namespace {

constexpr std::int64_t kCriticalPriority = 2'000'000'000;

std::string bytes_text(std::uint64_t bytes) {
  return api::Quantity(static_cast<std::int64_t>(bytes), api::Quantity::Format::kBinarySi).text();
}

void check_filesystem(std::vector<Shortage>& out, const char* name, const FilesystemReading& reading,
                      const EvictionThresholds& thresholds) {
  const auto bytes = static_cast<std::uint64_t>(static_cast<double>(reading.bytes) * thresholds.filesystem);
  if (reading.bytes > 0 && reading.bytes_available < bytes) {
    out.push_back({Pressure::kDisk, fmt::format("{}.available", name), "ephemeral-storage", bytes_text(bytes),
                   bytes_text(reading.bytes_available)});
  }
  // File systems without a table of inodes tell none.
  const auto inodes = static_cast<std::uint64_t>(static_cast<double>(reading.inodes) * thresholds.inodes);
  if (reading.inodes > 0 && reading.inodes_free < inodes)
    out.push_back({Pressure::kDisk, fmt::format("{}.inodesFree", name), "inodes", std::to_string(inodes),
                   std::to_string(reading.inodes_free)});
}

std::int64_t used(const Candidate& candidate, Pressure pressure) {
  std::int64_t sum = 0;
  if (pressure == Pressure::kMemory) {
    for (const api::ContainerUsage& container : candidate.containers) sum += container.usage.memory_bytes;
  } else {
    sum = static_cast<std::int64_t>(candidate.volumes_and_logs);
    for (const auto& [_, bytes] : candidate.written) sum += static_cast<std::int64_t>(bytes);
  }
  return sum;
}

std::int64_t requested(const Value& requests, Pressure pressure) {
  const Value text = requests[pressure == Pressure::kMemory ? "memory" : "ephemeral-storage"];
  const auto quantity = api::Quantity::parse(text.as_string());
  return text.is_string() && quantity.ok() ? quantity->value() : 0;
}

std::int64_t requested(const Pod& pod, Pressure pressure) {
  const auto amounts = api::pod_amounts(pod.spec(), "requests");
  if (!amounts.ok()) return 0;
  const auto found = amounts->find(pressure == Pressure::kMemory ? "memory" : "ephemeral-storage");
  return found == amounts->end() ? 0 : found->second.value();
}

std::string_view condition_name(Pressure pressure) {
  return pressure == Pressure::kMemory ? "MemoryPressure" : pressure == Pressure::kDisk ? "DiskPressure" : "PIDPressure";
}

bool tolerates(const Pod& pod, std::string_view key) {
  for (const Value& toleration : pod.spec()["tolerations"].items()) {
    const std::string_view effect = toleration["effect"].as_string(), named = toleration["key"].as_string();
    if (!effect.empty() && effect != "NoSchedule") continue;
    if (named == key || (named.empty() && toleration["operator"].as_string() == "Exists")) return true;
  }
  return false;
}

}  // namespace

std::vector<Shortage> shortages(const HostReading& reading, const EvictionThresholds& thresholds) {
  std::vector<Shortage> out;
  if (reading.memory_bytes > 0 && reading.memory_available_bytes() < thresholds.memory_bytes) {
    out.push_back({Pressure::kMemory, "memory.available", "memory", bytes_text(thresholds.memory_bytes),
                   bytes_text(reading.memory_available_bytes())});
  }
  check_filesystem(out, "nodefs", reading.node_files, thresholds);
  check_filesystem(out, "imagefs", reading.images, thresholds);
  const auto processes = static_cast<std::uint64_t>(static_cast<double>(reading.processes_max) * thresholds.processes);
  const std::uint64_t left = reading.processes_max > reading.processes ? reading.processes_max - reading.processes : 0;
  if (reading.processes_max > 0 && left < processes)
    out.push_back({Pressure::kProcesses, "pid.available", "pids", std::to_string(processes), std::to_string(left)});
  return out;
}

void PressureState::update(const std::vector<Shortage>& now_short, std::int64_t now_ns) {
  for (const Shortage& shortage : now_short) last_seen_ns_[shortage.pressure] = now_ns;
  std::erase_if(last_seen_ns_, [&](const auto& seen) { return now_ns - seen.second >= kTransitionNs; });
  holds_.clear();
  for (const auto& [pressure, _] : last_seen_ns_) holds_.insert(pressure);
}

std::optional<std::size_t> first_to_go(const std::vector<Candidate>& candidates, Pressure pressure) {
  if (pressure == Pressure::kProcesses) return std::nullopt;  // how many a pod has is not measured
  using Rank = std::tuple<bool, std::int64_t, std::int64_t>;  // the largest goes first
  std::optional<std::pair<Rank, std::size_t>> first;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Pod& pod = *candidates[i].pod;
    const std::int64_t priority = pod.spec()["priority"].as_int();
    const std::int64_t use = used(candidates[i], pressure);
    if (priority >= kCriticalPriority || use == 0 || pod.deleting) continue;
    const std::int64_t over = use - requested(pod, pressure);
    const Rank rank{over > 0, -priority, over};
    if (!first || rank > first->first) first = {rank, i};
  }
  return first ? std::optional(first->second) : std::nullopt;
}

Verdict eviction_verdict(const Candidate& candidate, const Shortage& shortage) {
  std::string text = fmt::format("The node was low on resource: {}. Threshold quantity: {}, available: {}. ", shortage.resource,
                                 shortage.threshold, shortage.available);
  for (const PodContainer& container : candidate.pod->containers) {
    std::int64_t use = 0;
    if (shortage.pressure == Pressure::kMemory) {
      for (const api::ContainerUsage& one : candidate.containers)
        use += one.name == container.name ? one.usage.memory_bytes : 0;
    } else if (const auto written = candidate.written.find(container.name); written != candidate.written.end()) {
      use = static_cast<std::int64_t>(written->second);
    }
    const std::int64_t request = requested(container.spec["resources"]["requests"], shortage.pressure);
    if (use <= request) continue;
    text += fmt::format("Container {} was using {}, request is {}, has larger consumption of {}. ", container.name,
                        bytes_text(static_cast<std::uint64_t>(use)),
                        request == 0 ? "0" : bytes_text(static_cast<std::uint64_t>(request)), shortage.resource);
  }
  return {"Evicted", std::move(text), 1, true};
}

std::optional<Verdict> refused_under(const std::set<Pressure>& pressures, const Pod& pod) {
  if (pressures.empty() || pod.spec()["priority"].as_int() >= kCriticalPriority) return std::nullopt;
  // Short of memory alone, the node takes pods that say what they need.
  if (pressures == std::set<Pressure>{Pressure::kMemory} &&
      (api::qos_class(pod.spec()) != "BestEffort" || tolerates(pod, "node.kubernetes.io/memory-pressure")))
    return std::nullopt;
  std::vector<std::string> names;
  for (const Pressure pressure : pressures) names.emplace_back(condition_name(pressure));
  return Verdict{"Evicted", fmt::format("Pod was rejected: The node had condition: [{}]. ", join(names, " ")), 0};
}

}  // namespace plinth::node
