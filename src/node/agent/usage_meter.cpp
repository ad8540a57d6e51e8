#include "node/agent/usage_meter.h"

#include "node/pod/labels.h"

namespace plinth::node {
namespace {

std::int64_t nano_cores(const CpuSample& from, const CpuSample& to) {
  const auto used = static_cast<__int128>(to.cpu_ns - from.cpu_ns);
  return static_cast<std::int64_t>(used * 1'000'000'000 / (to.at_ns - from.at_ns));
}

// What the sample before this one was; nothing when there is none that a rate can be made from.
const CpuSample* before(const std::map<std::string, CpuSample>& samples, const std::string& id,
                        const RunningContainer& container, const CpuSample& now, CpuSample& start) {
  const auto known = samples.find(id);
  // A counter that went back has begun anew.
  if (known != samples.end() && known->second.cpu_ns <= now.cpu_ns)
    return now.at_ns - known->second.at_ns >= UsageMeter::kWindowMinNs ? &known->second : nullptr;
  start = {container.started_ns, 0};
  const std::int64_t age = now.at_ns - container.started_ns;
  return age >= UsageMeter::kFreshMinNs && age <= UsageMeter::kFreshMaxNs ? &start : nullptr;
}

}  // namespace

std::map<std::pair<std::string, std::string>, api::PodUsage> pod_usage(const RunningContainers& running,
                                                                       const std::vector<ContainerStats>& stats,
                                                                       std::map<std::string, CpuSample>& samples) {
  std::map<std::pair<std::string, std::string>, api::PodUsage> pods;
  std::map<std::pair<std::string, std::string>, std::size_t> missing;  // containers
  for (const auto& [_, container] : running) ++missing[{container.name_space, container.pod}];
  std::map<std::string, CpuSample> next;
  for (const ContainerStats& one : stats) {
    const auto found = running.find(one.id);
    if (found == running.end() || one.timestamp_ns == 0) continue;
    const RunningContainer& container = found->second;
    const CpuSample now{one.timestamp_ns, one.cpu_usage_core_ns};
    CpuSample start;
    const CpuSample* from = before(samples, one.id, container, now, start);
    const auto known = samples.find(one.id);
    const bool too_soon = from == nullptr && known != samples.end() && known->second.cpu_ns <= now.cpu_ns;
    next[one.id] = too_soon ? known->second : now;
    if (from == nullptr) continue;
    const std::pair key{container.name_space, container.pod};
    --missing[key];
    api::PodUsage& pod = pods[key];
    pod.uid = container.pod_uid;
    if (pod.containers.empty() || now.at_ns < pod.period.timestamp_ns) pod.period = {now.at_ns, now.at_ns - from->at_ns};
    pod.containers.push_back(
        {container.name, {nano_cores(*from, now), static_cast<std::int64_t>(one.memory_working_set_bytes)}});
  }
  samples = std::move(next);
  std::erase_if(pods, [&](const auto& pod) { return missing[pod.first] > 0; });
  return pods;
}

UsageMeter::~UsageMeter() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void UsageMeter::start() {
  timer_ = parts_.loop->after(kInterval, [this, alive = alive_] {
    if (*alive) look();
  });
}

void UsageMeter::look() {
  ContainerFilter filter;
  filter.labels = {{std::string(kNodeLabel), parts_.config.name}};
  parts_.runtime->list_container_stats(std::move(filter), [this, alive = alive_](Result<std::vector<ContainerStats>> stats) {
    if (!*alive) return;
    // A runtime that does not answer has no usage: what was published goes with its time stamp.
    if (!stats.ok()) return start();
    take(std::make_shared<api::UsageTable>(), std::move(*stats));
  });
}

void UsageMeter::take(std::shared_ptr<api::UsageTable> table, std::vector<ContainerStats> stats) {
  table->pods = pod_usage(running_(), stats, samples_);
  written_.clear();
  for (const ContainerStats& one : stats) written_[one.id] = one.writable_layer_bytes;
  if (gauges_ == nullptr) {
    table->nodes[parts_.config.name] = {{parts_.clock->wall_ns(), kInterval.count()}, sum_of_pods(*table)};
    keep(std::move(stats), std::nullopt);
    return finish(table);
  }
  HostGauges* gauges = gauges_;
  on_pool<HostReading>(
      *parts_.loop, *parts_.pool, alive_, [gauges] { return gauges->read(); },
      [this, table, stats = std::move(stats)](Result<HostReading> reading) mutable {
        keep(std::move(stats), reading.ok() ? std::optional(*reading) : std::nullopt);
        if (!reading.ok()) {
          parts_.log.warning("what the machine uses cannot be read", {{"error", reading.error()}});
          return finish(table);
        }
        take_host(table, *reading);
        finish(table);
        if (looked_) looked_(*reading, *table, written_);
      });
}

void UsageMeter::take_host(const std::shared_ptr<api::UsageTable>& table, const HostReading& reading) {
  const CpuSample now{parts_.clock->wall_ns(), reading.cpu_ns};
  if (host_sample_.at_ns != 0 && now.at_ns - host_sample_.at_ns >= kWindowMinNs && now.cpu_ns >= host_sample_.cpu_ns) {
    table->nodes[parts_.config.name] = {
        {now.at_ns, now.at_ns - host_sample_.at_ns},
        {nano_cores(host_sample_, now), static_cast<std::int64_t>(reading.memory_working_set_bytes)}};
  }
  host_sample_ = now;
}

void UsageMeter::keep(std::vector<ContainerStats> stats, std::optional<HostReading> host) {
  auto measured = std::make_shared<Measured>();
  measured->at_ns = parts_.clock->wall_ns();
  measured->containers = std::move(stats);
  measured->host = host;
  measured_ = std::move(measured);
}

void UsageMeter::finish(const std::shared_ptr<api::UsageTable>& table) {
  board_->publish(table);
  start();
}

api::Usage UsageMeter::sum_of_pods(const api::UsageTable& table) const {
  api::Usage sum;
  for (const auto& [_, pod] : table.pods) {
    for (const api::ContainerUsage& container : pod.containers) {
      sum.cpu_nano_cores += container.usage.cpu_nano_cores;
      sum.memory_bytes += container.usage.memory_bytes;
    }
  }
  return sum;
}

}  // namespace plinth::node
