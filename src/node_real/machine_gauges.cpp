#include "node_real/machine_gauges.h"

#include <cerrno>
#include <vector>

#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "node_real/real_files.h"
#include "world_real/posix_error.h"

namespace plinth::node_real {
namespace {

constexpr std::size_t kProcBytesMax = 1 << 20;  // /proc/stat grows with processors and interrupts

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

class MachineGauges final : public node::HostGauges {
 public:
  MachineGauges(std::string node_folder, std::string images_folder)
      : node_folder_(std::move(node_folder)), images_folder_(std::move(images_folder)) {}

  Result<node::HostReading> read() override {
    node::HostReading out;
    const auto cpu = read_cpu_ns(TRY(text("/proc/stat")), static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
    const auto memory = read_memory(TRY(text("/proc/meminfo")));
    const auto processes = read_process_count(TRY(text("/proc/loadavg")));
    const std::string limit = TRY(text("/proc/sys/kernel/pid_max"));
    const auto processes_max = parse_integer<std::uint64_t>(std::string_view(limit).substr(0, limit.find('\n')));
    if (!cpu || !memory || !processes || !processes_max) return internal_error("/proc has a form that is not known");
    out.cpu_ns = *cpu;
    out.memory_bytes = memory->bytes;
    out.memory_working_set_bytes = memory->working_set_bytes;
    out.processes = *processes;
    out.processes_max = *processes_max;
    out.node_files = TRY(filesystem(node_folder_));
    out.images = TRY(filesystem(images_folder_));
    return out;
  }

 private:
  Result<std::string> text(const std::string& path) { return files_.read(path, 0, kProcBytesMax); }

  static Result<node::FilesystemReading> filesystem(std::string folder) {
    struct statvfs found {};
    while (::statvfs(folder.c_str(), &found) != 0) {
      const std::size_t slash = folder.rfind('/');
      if (errno != ENOENT || slash == std::string::npos || folder == "/") return world_real::posix_error(folder, errno);
      folder.resize(std::max<std::size_t>(slash, 1));
    }
    const std::uint64_t block = found.f_frsize;
    return node::FilesystemReading{found.f_blocks * block, found.f_bavail * block, found.f_files, found.f_ffree};
  }

  RealFiles files_;
  const std::string node_folder_, images_folder_;
};

}  // namespace

std::unique_ptr<node::HostGauges> make_machine_gauges(std::string node_folder, std::string images_folder) {
  return std::make_unique<MachineGauges>(std::move(node_folder), std::move(images_folder));
}

std::optional<std::uint64_t> read_cpu_ns(std::string_view proc_stat, std::uint64_t ticks_per_second) {
  const std::vector<std::string_view> words = words_of(proc_stat.substr(0, proc_stat.find('\n')));
  // cpu user nice system idle iowait irq softirq steal guest guest_nice; guests' time is in user's, too.
  constexpr std::size_t kUsed[] = {1, 2, 3, 6, 7};
  if (words.size() < 8 || words[0] != "cpu" || ticks_per_second == 0) return std::nullopt;
  std::uint64_t ticks = 0;
  for (const std::size_t i : kUsed) {
    const auto value = parse_integer<std::uint64_t>(words[i]);
    if (!value) return std::nullopt;
    ticks += *value;
  }
  return ticks * (1'000'000'000 / ticks_per_second);
}

std::optional<MemoryReading> read_memory(std::string_view proc_meminfo) {
  std::optional<std::uint64_t> total, free, inactive_file;
  for (const std::string_view line : split(proc_meminfo, '\n')) {
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() < 2) continue;
    if (words[0] == "MemTotal:") total = parse_integer<std::uint64_t>(words[1]);
    if (words[0] == "MemFree:") free = parse_integer<std::uint64_t>(words[1]);
    if (words[0] == "Inactive(file):") inactive_file = parse_integer<std::uint64_t>(words[1]);
  }
  if (!total || !free || !inactive_file) return std::nullopt;
  constexpr std::uint64_t kUnit = 1024;
  const std::uint64_t unused = *free + *inactive_file;
  return MemoryReading{*total * kUnit, (*total > unused ? *total - unused : 0) * kUnit};
}

std::optional<std::uint64_t> read_process_count(std::string_view proc_loadavg) {
  // "2.60 2.45 3.02 1/109 20386": 109 of them.
  const std::vector<std::string_view> words = words_of(proc_loadavg.substr(0, proc_loadavg.find('\n')));
  if (words.size() < 4) return std::nullopt;
  const std::size_t slash = words[3].find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return parse_integer<std::uint64_t>(words[3].substr(slash + 1));
}

}  // namespace plinth::node_real
