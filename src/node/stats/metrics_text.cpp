#include <set>

#include <fmt/format.h>

#include "node/stats/node_stats.h"

namespace plinth::node {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::int64_t kNsPerMs = 1'000'000;

// Prometheus' text format. Label values need no escapes: they are names of objects.
class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    out_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
    name_ = name;
  }
  // Times in ns of the wall clock; 0: none is written.
  void sample(const std::string& labels, double value, std::int64_t at_ns = 0) {
    out_ += fmt::format("{}{} {}", name_, labels.empty() ? "" : "{" + labels + "}", value);
    out_ += at_ns == 0 ? "\n" : fmt::format(" {}\n", at_ns / kNsPerMs);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string name_;
};

struct One {
  const RunningContainer* who;
  const ContainerStats* stats;
};

std::vector<One> containers_of(const NodeStats& stats) {
  std::vector<One> out;
  if (!stats.measured) return out;
  for (const ContainerStats& one : stats.measured->containers) {
    const auto found = stats.running.find(one.id);
    if (found != stats.running.end() && one.timestamp_ns != 0) out.push_back({&found->second, &one});
  }
  return out;
}

std::string labels_of(const RunningContainer& who) {
  return fmt::format("container=\"{}\",namespace=\"{}\",pod=\"{}\"", who.name, who.name_space, who.pod);
}

void add_containers(Text& text, const std::vector<One>& containers) {
  text.family("container_cpu_usage_seconds_total", "counter",
              "[STABLE] Cumulative cpu time consumed by the container in core-seconds");
  for (const One& one : containers)
    text.sample(labels_of(*one.who), static_cast<double>(one.stats->cpu_usage_core_ns) / kNsPerSecond, one.stats->timestamp_ns);
  text.family("container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes");
  for (const One& one : containers)
    text.sample(labels_of(*one.who), static_cast<double>(one.stats->memory_working_set_bytes), one.stats->timestamp_ns);
  text.family("container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds");
  for (const One& one : containers) text.sample(labels_of(*one.who), static_cast<double>(one.who->started_ns) / kNsPerSecond);
}

void add_pods(Text& text, const std::vector<One>& containers) {
  struct Sum {
    double cpu_s = 0, working_set = 0;
    std::int64_t at_ns = 0;
  };
  std::map<std::string, Sum> pods;
  for (const One& one : containers) {
    Sum& sum = pods[fmt::format("namespace=\"{}\",pod=\"{}\"", one.who->name_space, one.who->pod)];
    sum.cpu_s += static_cast<double>(one.stats->cpu_usage_core_ns) / kNsPerSecond;
    sum.working_set += static_cast<double>(one.stats->memory_working_set_bytes);
    sum.at_ns = std::max(sum.at_ns, one.stats->timestamp_ns);
  }
  text.family("pod_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds");
  for (const auto& [labels, sum] : pods) text.sample(labels, sum.cpu_s, sum.at_ns);
  text.family("pod_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the pod in bytes");
  for (const auto& [labels, sum] : pods) text.sample(labels, sum.working_set, sum.at_ns);
}

struct VolumeFigure {
  const char* name;
  const char* help;
  std::optional<std::int64_t> VolumeUsage::*value;
};
constexpr VolumeFigure kVolumeFigures[] = {
    {"kubelet_volume_stats_available_bytes", "[ALPHA] Number of available bytes in the volume", &VolumeUsage::bytes_available},
    {"kubelet_volume_stats_capacity_bytes", "[ALPHA] Capacity in bytes of the volume", &VolumeUsage::bytes_total},
    {"kubelet_volume_stats_inodes", "[ALPHA] Maximum number of inodes in the volume", &VolumeUsage::inodes_total},
    {"kubelet_volume_stats_inodes_free", "[ALPHA] Number of free inodes in the volume", &VolumeUsage::inodes_free},
    {"kubelet_volume_stats_inodes_used", "[ALPHA] Number of used inodes in the volume", &VolumeUsage::inodes_used},
    {"kubelet_volume_stats_used_bytes", "[ALPHA] Number of used bytes in the volume", &VolumeUsage::bytes_used},
};

}  // namespace

std::string resource_metrics_text(const NodeStats& stats) {
  Text text;
  const std::vector<One> containers = containers_of(stats);
  add_containers(text, containers);
  if (stats.measured && stats.measured->host) {
    const HostReading& host = *stats.measured->host;
    text.family("node_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the node in core-seconds");
    text.sample("", static_cast<double>(host.cpu_ns) / kNsPerSecond, stats.measured->at_ns);
    text.family("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes");
    text.sample("", static_cast<double>(host.memory_working_set_bytes), stats.measured->at_ns);
  }
  add_pods(text, containers);
  text.family("resource_scrape_error", "gauge",
              "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise");
  text.sample("", stats.measured ? 0 : 1);
  return text.take();
}

std::string node_metrics_text(const NodeStats& stats) {
  Text text;
  text.family("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1.");
  text.sample(fmt::format("node=\"{}\"", stats.node), 1);
  text.family("kubelet_running_containers", "gauge", "[ALPHA] Number of containers currently running");
  text.sample("container_state=\"running\"", static_cast<double>(stats.running.size()));
  std::set<std::string> pods;
  for (const auto& [_, container] : stats.running) pods.insert(container.pod_uid);
  text.family("kubelet_running_pods", "gauge", "[ALPHA] Number of pods that have a running pod sandbox");
  text.sample("", static_cast<double>(pods.size()));
  for (const VolumeFigure& figure : kVolumeFigures) {
    std::set<std::string> told;  // a claim that several pods use is one
    for (const MeasuredVolume& one : stats.volumes) {
      const auto value = one.usage.*figure.value;
      const std::string labels = fmt::format("namespace=\"{}\",persistentvolumeclaim=\"{}\"", one.name_space, one.claim);
      if (!value || !told.insert(labels).second) continue;
      if (told.size() == 1) text.family(figure.name, "gauge", figure.help);
      text.sample(labels, static_cast<double>(*value));
    }
  }
  return text.take();
}

}  // namespace plinth::node
