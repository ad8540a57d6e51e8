#include "cri/leftover_processes.h"

#include <algorithm>

#include "base/text.h"
#include "cri/cgroups.h"

namespace plinth::cri {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kProcessesMax = 4096;

void add(std::vector<std::int32_t>& pids, std::string_view text) {
  const auto pid = parse_integer<std::int32_t>(text);
  // 0 is a process that this namespace does not see.
  if (pid && *pid > 1 && pids.size() < kProcessesMax) pids.push_back(*pid);
}

bool is_shim_of(const std::string& command_line, const std::string& socket) {
  const auto words = split(command_line, '\0');
  if (words.empty() || !words[0].ends_with("containerd-shim-runc-v2")) return false;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i] == "-address" && words[i + 1] == socket) return true;
  }
  return false;
}

}  // namespace

std::string read_kernel_file(Disk& disk, const std::string& path, std::size_t bytes_max) {
  auto file = disk.open(path, OpenMode::kRead);
  if (!file.ok()) return "";
  std::string out, part(64 * 1024, '\0');
  while (out.size() < bytes_max) {
    auto n = (*file)->read_at(out.size(), part);
    if (!n.ok() || *n == 0) break;
    out.append(part, 0, *n);
  }
  return out;
}

std::vector<std::int32_t> leftover_processes(Disk& disk, const std::string& socket, const std::string& cgroup_root) {
  std::vector<std::int32_t> pids;
  for (const std::string& folder : cgroup_folders(disk, cgroup_root)) {
    const std::string text = read_kernel_file(disk, folder + "/cgroup.procs", kFileBytesMax);
    for (const std::string_view line : split(text, '\n')) add(pids, line);
  }
  auto processes = disk.list("/proc");
  for (const std::string& name : processes.ok() ? *processes : std::vector<std::string>()) {
    if (!parse_integer<std::int32_t>(name)) continue;
    if (is_shim_of(read_kernel_file(disk, "/proc/" + name + "/cmdline", kFileBytesMax), socket)) add(pids, name);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

}  // namespace plinth::cri
