#include "base/json.h"
#include "base/time_text.h"
#include "node/stats/node_stats.h"

namespace plinth::node {
namespace {

class Summary {
 public:
  explicit Summary(const NodeStats& stats) : stats_(stats) {}

  std::string make() {
    add_node();
    Value pods = draft_.array();
    for (const auto& [key, containers] : by_pod()) draft_.push(pods, pod(key, containers));
    draft_.set(draft_.root(), "pods", pods);
    return to_json(draft_.root());
  }

 private:
  struct One {
    const RunningContainer* who;
    const ContainerStats* stats;
  };
  using Pods = std::map<std::pair<std::string, std::string>, std::vector<One>>;

  Pods by_pod() const {
    Pods out;
    if (!stats_.measured) return out;
    for (const ContainerStats& one : stats_.measured->containers) {
      const auto found = stats_.running.find(one.id);
      if (found != stats_.running.end() && one.timestamp_ns != 0)
        out[{found->second.name_space, found->second.pod}].push_back({&found->second, &one});
    }
    return out;
  }

  void put(Value& object, const char* name, std::optional<std::int64_t> value) {
    if (value) draft_.set(object, name, Value::of(*value));
  }
  void put(Value& object, const char* name, std::uint64_t value) {
    draft_.set(object, name, Value::of(static_cast<std::int64_t>(value)));
  }
  void put_time(Value& object, const char* name, std::int64_t ns) { draft_.set(object, name, format_rfc3339(ns)); }

  Value filesystem(const FilesystemReading& reading, std::int64_t at_ns) {
    Value out = draft_.object(8);
    put_time(out, "time", at_ns);
    put(out, "availableBytes", reading.bytes_available);
    put(out, "capacityBytes", reading.bytes);
    put(out, "usedBytes", reading.bytes - reading.bytes_available);
    put(out, "inodesFree", reading.inodes_free);
    put(out, "inodes", reading.inodes);
    put(out, "inodesUsed", reading.inodes - reading.inodes_free);
    return out;
  }

  void add_node() {
    Value& node = draft_.member(draft_.root(), "node");
    draft_.set(node, "nodeName", stats_.node);
    if (!stats_.measured || !stats_.measured->host) return;
    const HostReading& host = *stats_.measured->host;
    const std::int64_t at = stats_.measured->at_ns;
    Value cpu = draft_.object(), memory = draft_.object(), runtime = draft_.object(), processes = draft_.object();
    put_time(cpu, "time", at);
    const auto rate = stats_.usage ? stats_.usage->nodes.find(stats_.node) : decltype(stats_.usage->nodes.end())();
    if (stats_.usage && rate != stats_.usage->nodes.end())
      put(cpu, "usageNanoCores", std::optional(rate->second.usage.cpu_nano_cores));
    put(cpu, "usageCoreNanoSeconds", host.cpu_ns);
    put_time(memory, "time", at);
    put(memory, "availableBytes", host.memory_available_bytes());
    put(memory, "workingSetBytes", host.memory_working_set_bytes);
    draft_.set(node, "cpu", cpu);
    draft_.set(node, "memory", memory);
    draft_.set(node, "fs", filesystem(host.node_files, at));
    draft_.set(runtime, "imageFs", filesystem(host.images, at));
    draft_.set(node, "runtime", runtime);
    put_time(processes, "time", at);
    put(processes, "maxpid", host.processes_max);
    put(processes, "curproc", host.processes);
    draft_.set(node, "rlimit", processes);
  }

  std::optional<std::int64_t> rate_of(const RunningContainer& who) const {
    if (!stats_.usage) return std::nullopt;
    const auto pod = stats_.usage->pods.find({who.name_space, who.pod});
    if (pod == stats_.usage->pods.end() || pod->second.uid != who.pod_uid) return std::nullopt;
    for (const api::ContainerUsage& one : pod->second.containers) {
      if (one.name == who.name) return one.usage.cpu_nano_cores;
    }
    return std::nullopt;
  }

  Value cpu_of(std::int64_t at_ns, std::optional<std::int64_t> rate, std::uint64_t total_ns) {
    Value out = draft_.object();
    put_time(out, "time", at_ns);
    put(out, "usageNanoCores", rate);
    put(out, "usageCoreNanoSeconds", total_ns);
    return out;
  }
  Value memory_of(const ContainerStats& stats) {
    Value out = draft_.object(8);
    put_time(out, "time", stats.timestamp_ns);
    put(out, "usageBytes", stats.memory_usage_bytes);
    put(out, "workingSetBytes", stats.memory_working_set_bytes);
    put(out, "rssBytes", stats.memory_rss_bytes);
    put(out, "pageFaults", stats.page_faults);
    put(out, "majorPageFaults", stats.major_page_faults);
    return out;
  }

  Value container(const One& one) {
    Value out = draft_.object();
    draft_.set(out, "name", one.who->name);
    put_time(out, "startTime", one.who->started_ns);
    draft_.set(out, "cpu", cpu_of(one.stats->timestamp_ns, rate_of(*one.who), one.stats->cpu_usage_core_ns));
    draft_.set(out, "memory", memory_of(*one.stats));
    Value root = draft_.object();
    put_time(root, "time", one.stats->timestamp_ns);
    put(root, "usedBytes", one.stats->writable_layer_bytes);
    put(root, "inodesUsed", one.stats->writable_layer_inodes);
    draft_.set(out, "rootfs", root);
    return out;
  }

  Value volume(const MeasuredVolume& measured) {
    Value out = draft_.object(16);
    draft_.set(out, "name", measured.volume);
    put_time(out, "time", measured.at_ns);
    put(out, "availableBytes", measured.usage.bytes_available);
    put(out, "capacityBytes", measured.usage.bytes_total);
    put(out, "usedBytes", measured.usage.bytes_used);
    put(out, "inodesFree", measured.usage.inodes_free);
    put(out, "inodes", measured.usage.inodes_total);
    put(out, "inodesUsed", measured.usage.inodes_used);
    Value claim = draft_.object();
    draft_.set(claim, "name", measured.claim);
    draft_.set(claim, "namespace", measured.name_space);
    draft_.set(out, "pvcRef", claim);
    return out;
  }

  Value pod(const std::pair<std::string, std::string>& key, const std::vector<One>& containers) {
    const RunningContainer& first = *containers.front().who;
    Value out = draft_.object(8), reference = draft_.object(), list = draft_.array(), volumes = draft_.array();
    draft_.set(reference, "name", key.second);
    draft_.set(reference, "namespace", key.first);
    draft_.set(reference, "uid", first.pod_uid);
    draft_.set(out, "podRef", reference);
    std::uint64_t cpu_ns = 0, working_set = 0;
    std::optional<std::int64_t> rate = 0;
    std::int64_t started = first.started_ns, at = 0;
    for (const One& one : containers) {
      draft_.push(list, container(one));
      const auto own = rate_of(*one.who);
      rate = rate && own ? std::optional(*rate + *own) : std::nullopt;
      cpu_ns += one.stats->cpu_usage_core_ns;
      working_set += one.stats->memory_working_set_bytes;
      started = std::min(started, one.who->started_ns);
      at = std::max(at, one.stats->timestamp_ns);
    }
    put_time(out, "startTime", started);
    draft_.set(out, "containers", list);
    draft_.set(out, "cpu", cpu_of(at, rate, cpu_ns));
    Value memory = draft_.object();
    put_time(memory, "time", at);
    put(memory, "workingSetBytes", working_set);
    draft_.set(out, "memory", memory);
    for (const MeasuredVolume& one : stats_.volumes) {
      if (one.pod_uid == first.pod_uid) draft_.push(volumes, volume(one));
    }
    if (volumes.size() > 0) draft_.set(out, "volume", volumes);
    return out;
  }

  const NodeStats& stats_;
  Draft draft_;
};

}  // namespace

std::string stats_summary(const NodeStats& stats) { return Summary(stats).make(); }

}  // namespace plinth::node
