#include "cri/containerd/host_probe.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

namespace plinth::cri {
namespace {

constexpr std::array<std::string_view, 6> kProgramDirs = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                          "/usr/bin",        "/sbin",          "/bin"};
constexpr std::array<std::string_view, 3> kCniDirs = {"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"};
constexpr unsigned kSysResource = 24;  // capability number, linux/capability.h

// Files below /proc tell no size.
std::string read_kernel_file(Disk& disk, const std::string& path) {
  constexpr std::size_t kBytesMax = 64 * 1024;
  auto file = disk.open(path, OpenMode::kRead);
  if (!file.ok()) return "";
  std::string out(kBytesMax, '\0');
  auto read = (*file)->read_at(0, out);
  out.resize(read.ok() ? *read : 0);
  return out;
}

// "Uid:	0	0	0	0" -> "0"; of the value's words, the one at `index`.
std::string field(const std::string& text, std::string_view name, std::size_t index) {
  std::size_t at = text.find(fmt::format("\n{}:", name));
  if (at == std::string::npos) return "";
  at += name.size() + 2;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  for (std::size_t word = 0;; ++word) {
    at = text.find_first_not_of(" \t", at);
    if (at == std::string::npos || at >= end) return "";
    const std::size_t stop = std::min(text.find_first_of(" \t\n", at), end);
    if (word == index) return text.substr(at, stop - at);
    at = stop;
  }
}

bool exists(Disk& disk, const std::string& path) { return disk.open(path, OpenMode::kRead).ok(); }

std::string find_program(Disk& disk, std::string_view name) {
  for (const std::string_view dir : kProgramDirs) {
    std::string path = fmt::format("{}/{}", dir, name);
    if (exists(disk, path)) return path;
  }
  return "";
}

std::string find_cni_dir(Disk& disk) {
  for (const std::string_view dir : kCniDirs) {
    if (exists(disk, fmt::format("{}/bridge", dir)) && exists(disk, fmt::format("{}/host-local", dir))) return std::string(dir);
  }
  return "";
}

}  // namespace

HostFacts probe_host(Disk& disk) {
  HostFacts facts;
  const std::string status = read_kernel_file(disk, "/proc/self/status");
  facts.root = field(status, "Uid", 1) == "0";
  std::uint64_t capabilities = 0;
  const std::string effective = field(status, "CapEff", 0);
  std::from_chars(effective.data(), effective.data() + effective.size(), capabilities, 16);
  facts.sys_resource = (capabilities >> kSysResource & 1) != 0;
  facts.overlay = read_kernel_file(disk, "/proc/filesystems").find("\toverlay\n") != std::string::npos;
  facts.unified_cgroups = exists(disk, "/sys/fs/cgroup/cgroup.controllers");
  facts.containerd = find_program(disk, "containerd");
  facts.oci_runtime = find_program(disk, "runc");
  // crun refuses a mixed layout of cgroups, which runc takes.
  if (facts.oci_runtime.empty() && facts.unified_cgroups) facts.oci_runtime = find_program(disk, "crun");
  facts.nft = find_program(disk, "nft");
  facts.ip = find_program(disk, "ip");
  facts.cni_dir = find_cni_dir(disk);
  return facts;
}

Result<void> check_host(const HostFacts& facts) {
  std::string missing, packages;
  const auto need = [&](bool there, std::string_view what, std::string_view package) {
    if (there) return;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", what);
    packages += fmt::format(" {}", package);
  };
  need(!facts.containerd.empty(), "containerd", "containerd");
  need(!facts.oci_runtime.empty(), "runc", "runc");
  need(!facts.cni_dir.empty(), "the CNI plugins bridge and host-local", "containernetworking-plugins");
  need(!facts.nft.empty(), "nft", "nftables");
  need(!facts.ip.empty(), "ip", "iproute2");
  std::string message;
  if (!facts.root) message = "pods need root: run plinth as root";
  if (!missing.empty()) {
    message += fmt::format("{}not installed: {}; on Debian: apt-get install{}", message.empty() ? "" : "; ", missing, packages);
  }
  if (message.empty()) return {};
  return Error(Reason::kServiceUnavailable, message + "; or use --node sim (a virtual node) or --node none");
}

}  // namespace plinth::cri
