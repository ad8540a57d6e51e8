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

// The container of a shim by its command line; "" when it is no shim of that socket.
std::string served_by(const std::string& command_line, const std::string& socket) {
  const auto words = split(command_line, '\0');
  if (words.empty() || !words[0].ends_with("containerd-shim-runc-v2")) return "";
  std::string_view address, id;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i] == "-address") address = words[i + 1];
    if (words[i] == "-id") id = words[i + 1];
  }
  return address == socket ? std::string(id) : "";
}

std::vector<std::string> processes(Disk& disk) {
  auto names = disk.list("/proc");
  if (!names.ok()) return {};
  std::erase_if(*names, [](const std::string& name) { return !parse_integer<std::int32_t>(name); });
  return std::move(*names);
}

// The fourth word of /proc/PID/stat; the second, in brackets, may hold anything.
std::string parent_of(Disk& disk, const std::string& pid) {
  const std::string text = read_kernel_file(disk, "/proc/" + pid + "/stat", kFileBytesMax);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return "";
  const auto words = split(std::string_view(text).substr(end + 1), ' ');
  return words.size() > 2 ? std::string(words[2]) : "";
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

std::map<std::string, std::int32_t> shims_of(Disk& disk, const std::string& socket) {
  std::map<std::string, std::int32_t> out;
  for (const std::string& pid : processes(disk)) {
    const std::string id = served_by(read_kernel_file(disk, "/proc/" + pid + "/cmdline", kFileBytesMax), socket);
    if (!id.empty()) out[id] = *parse_integer<std::int32_t>(pid);
  }
  return out;
}

std::vector<std::int32_t> with_children(Disk& disk, const std::vector<std::int32_t>& pids) {
  std::vector<std::int32_t> out;
  for (const std::string& pid : processes(disk)) {
    const auto parent = parse_integer<std::int32_t>(parent_of(disk, pid));
    if (parent && std::find(pids.begin(), pids.end(), *parent) != pids.end()) add(out, pid);
  }
  out.insert(out.end(), pids.begin(), pids.end());
  return out;
}

std::vector<std::string> kill_command(const std::vector<std::int32_t>& pids) {
  std::string script = "kill -KILL";
  for (const std::int32_t pid : pids) script += " " + std::to_string(pid);
  return {"sh", "-c", script + " 2>/dev/null || true"};
}

std::vector<std::int32_t> leftover_processes(Disk& disk, const std::string& socket, const std::string& cgroup_root) {
  std::vector<std::int32_t> pids;
  for (const std::string& folder : cgroup_folders(disk, cgroup_root)) {
    const std::string text = read_kernel_file(disk, folder + "/cgroup.procs", kFileBytesMax);
    for (const std::string_view line : split(text, '\n')) add(pids, line);
  }
  for (const auto& [_, pid] : shims_of(disk, socket)) pids.push_back(pid);
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

}  // namespace plinth::cri
