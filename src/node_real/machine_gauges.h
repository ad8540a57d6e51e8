// The machine's own counters: /proc and its file systems.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/host/host_gauges.h"

namespace plinth::node_real {

// `node_folder` and `images_folder` may be on one file system; what is not there yet counts as its parent.
std::unique_ptr<node::HostGauges> make_machine_gauges(std::string node_folder, std::string images_folder);

// For tests. /proc/stat: nanoseconds that all processors together were not idle; `ticks_per_second` as sysconf tells.
std::optional<std::uint64_t> read_cpu_ns(std::string_view proc_stat, std::uint64_t ticks_per_second);
// /proc/meminfo: the total, and the working set as the kubelet counts it (not free, and no inactive file pages).
struct MemoryReading {
  std::uint64_t bytes = 0, working_set_bytes = 0;
};
std::optional<MemoryReading> read_memory(std::string_view proc_meminfo);
// /proc/loadavg: processes and threads that there are.
std::optional<std::uint64_t> read_process_count(std::string_view proc_loadavg);

}  // namespace plinth::node_real
