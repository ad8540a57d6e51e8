#include "cri/cgroups.h"

namespace plinth::cri {
namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";
constexpr int kDepthMax = 16;

// cgroup v2 is one hierarchy at the root; v1 has one for each folder below it.
std::vector<std::string> places(Disk& disk, const std::string& group) {
  std::vector<std::string> out = {kRoot + group};
  auto hierarchies = disk.list(kRoot);
  if (!hierarchies.ok()) return out;
  for (const std::string& name : *hierarchies) out.push_back(std::string(kRoot) + "/" + name + group);
  return out;
}

bool remove_folder(Disk& disk, const std::string& path) {
  const auto removed = disk.remove(path);
  return removed.ok() || removed.error().reason() == Reason::kNotFound;
}

// Files in a group's folder are the kernel's; only folders are listed as folders and removed.
bool remove_tree(Disk& disk, const std::string& path, int depth) {
  auto entries = disk.list(path);
  if (!entries.ok()) return true;  // not there, or a file
  if (depth < kDepthMax) {
    for (const std::string& name : *entries) remove_tree(disk, path + "/" + name, depth + 1);
  }
  return remove_folder(disk, path);
}

void add_folders(Disk& disk, const std::string& path, int depth, std::vector<std::string>& out) {
  auto entries = disk.list(path);
  if (!entries.ok() || depth > kDepthMax) return;
  out.push_back(path);
  for (const std::string& name : *entries) add_folders(disk, path + "/" + name, depth + 1, out);
}

bool is_group(const std::string& group) {
  return group.size() >= 2 && group.front() == '/' && group.find("..") == std::string::npos;
}

}  // namespace

std::vector<std::string> cgroup_folders(Disk& disk, const std::string& group) {
  std::vector<std::string> out;
  if (!is_group(group)) return out;
  for (const std::string& path : places(disk, group)) add_folders(disk, path, 0, out);
  return out;
}

bool remove_cgroup(Disk& disk, const std::string& group) {
  if (!is_group(group)) return true;
  bool gone = true;
  for (const std::string& path : places(disk, group)) {
    if (!disk.list(path).ok()) continue;
    gone = remove_folder(disk, path) && gone;
  }
  return gone;
}

bool remove_cgroup_tree(Disk& disk, const std::string& group) {
  if (!is_group(group)) return true;
  bool gone = true;
  for (const std::string& path : places(disk, group)) gone = remove_tree(disk, path, 0) && gone;
  return gone;
}

}  // namespace plinth::cri
