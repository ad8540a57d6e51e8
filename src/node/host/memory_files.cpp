#include "node/host/memory_files.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::node {

struct MemoryFiles::Node {
  FileInfo info;
  std::string data;  // content, or where a link leads
  std::map<std::string, NodePtr> children;
  std::weak_ptr<Node> parent;
  std::vector<std::weak_ptr<Node>> mounted;  // over it; the last is seen
  std::uint64_t size_max = 0;                // of a tmpfs' root: what all files below may have
  bool readonly = false;                     // of what is mounted; seen in mounts() only
};

namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    parts.emplace_back(part);
  }
  return parts;
}

Error not_found(const std::string& path) { return Error(Reason::kNotFound, path + ": no such file or directory"); }

std::string clean(std::string_view path) { return "/" + join(parts_of(path), "/"); }

}  // namespace

MemoryFiles::MemoryFiles() : root_(std::make_shared<Node>()) {
  root_->info.type = FileType::kDirectory;
  root_->info.mode = 0755;
}
MemoryFiles::~MemoryFiles() = default;

Result<void> MemoryFiles::check(std::string_view call, const std::string& path) const {
  if (fault_) return fault_(call, path);
  return {};
}

MemoryFiles::NodePtr MemoryFiles::over(NodePtr node) const {
  return node->mounted.empty() ? node : node->mounted.back().lock();
}

Result<MemoryFiles::NodePtr> MemoryFiles::walk(std::vector<std::string> parts, bool follow_last) {
  std::vector<NodePtr> trail = {over(root_)};
  int links = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = parts[i];
    if (part == "..") {
      if (trail.size() > 1) trail.pop_back();
      continue;
    }
    const NodePtr& at = trail.back();
    if (at->info.type != FileType::kDirectory) return Error(Reason::kBadRequest, "not a directory: " + part);
    const auto child = at->children.find(part);
    if (child == at->children.end()) return NodePtr();
    const bool last = i + 1 == parts.size();
    if (child->second->info.type == FileType::kLink && (!last || follow_last)) {
      if (++links > kLinksMax) return Error(Reason::kBadRequest, "too many levels of symbolic links");
      const std::string& target = child->second->data;
      std::vector<std::string> rest = parts_of(target);
      rest.insert(rest.end(), parts.begin() + static_cast<std::ptrdiff_t>(i) + 1, parts.end());
      if (!target.empty() && target.front() == '/') trail.resize(1);
      parts = std::move(rest);
      i = static_cast<std::size_t>(-1);
      continue;
    }
    trail.push_back(over(child->second));
  }
  return trail.back();
}

Result<MemoryFiles::NodePtr> MemoryFiles::find(const std::string& path, bool follow_last) {
  return walk(parts_of(path), follow_last);
}

Result<MemoryFiles::NodePtr> MemoryFiles::require(const std::string& path, bool follow_last) {
  NodePtr node = TRY(find(path, follow_last));
  if (!node) return not_found(path);
  return node;
}

Result<MemoryFiles::NodePtr> MemoryFiles::parent_of(const std::string& path, std::string& name) {
  std::vector<std::string> parts = parts_of(path);
  if (parts.empty()) return Error(Reason::kBadRequest, "the root has no parent");
  name = parts.back();
  parts.pop_back();
  NodePtr node = TRY(walk(std::move(parts), true));
  if (!node || node->info.type != FileType::kDirectory) return not_found(path);
  return node;
}

Result<std::optional<FileInfo>> MemoryFiles::info(const std::string& path, bool follow) {
  TRY(check("info", path));
  const NodePtr node = TRY(find(path, follow));
  if (!node) return std::optional<FileInfo>();
  FileInfo info = node->info;
  info.size = node->data.size();
  return std::optional<FileInfo>(info);
}

Result<void> MemoryFiles::make_directories(const std::string& path, std::uint32_t mode) {
  TRY(check("make_directories", path));
  const std::vector<std::string> parts = parts_of(path);
  std::string so_far;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    so_far += "/" + parts[i];
    const NodePtr there = TRY(find(so_far, true));
    if (there && there->info.type != FileType::kDirectory) return Error(Reason::kBadRequest, so_far + ": not a directory");
    if (there) continue;
    std::string name;
    const NodePtr parent = TRY(parent_of(so_far, name));
    auto node = std::make_shared<Node>();
    node->info.type = FileType::kDirectory;
    node->info.mode = i + 1 == parts.size() ? mode : 0755;
    node->parent = parent;
    parent->children[name] = std::move(node);
  }
  return {};
}

Result<std::vector<DirectoryEntry>> MemoryFiles::list(const std::string& directory) {
  TRY(check("list", directory));
  const NodePtr node = TRY(require(directory, true));
  std::vector<DirectoryEntry> out;
  for (const auto& [name, child] : node->children) out.push_back({name, child->info.type});
  return out;
}

Result<std::string> MemoryFiles::read(const std::string& path, std::uint64_t offset, std::size_t bytes_max) {
  TRY(check("read", path));
  const NodePtr node = TRY(require(path, true));
  if (node->info.type == FileType::kDirectory) return Error(Reason::kBadRequest, path + ": is a directory");
  if (offset >= node->data.size()) return std::string();
  return node->data.substr(offset, bytes_max);
}

Result<void> MemoryFiles::store(const std::string& path, std::string_view data, std::uint32_t mode, bool append) {
  NodePtr node = TRY(find(path, true));
  std::string name;
  NodePtr parent = node ? node->parent.lock() : TRY(parent_of(path, name));
  if (node && node->info.type == FileType::kDirectory) return Error(Reason::kBadRequest, path + ": is a directory");
  const std::uint64_t old = node && !append ? node->data.size() : 0;
  if (bytes_ - old + data.size() > kBytesMax) return Error(Reason::kInsufficientStorage, path + ": no space left on device");
  for (NodePtr at = parent; at; at = at->parent.lock()) {
    if (at->size_max == 0) continue;
    std::uint64_t used = 0;
    for (const auto& [_, child] : at->children) used += child->data.size();
    if (used - old + data.size() > at->size_max) return Error(Reason::kInsufficientStorage, path + ": no space left on device");
  }
  if (!node) {
    node = std::make_shared<Node>();
    node->info.mode = mode;
    node->parent = parent;
    parent->children[name] = node;
  }
  bytes_ = bytes_ - old + data.size();
  if (append)
    node->data += data;
  else
    node->data = data;
  return {};
}

Result<void> MemoryFiles::write(const std::string& path, std::string_view data, std::uint32_t mode) {
  TRY(check("write", path));
  return store(path, data, mode, false);
}

Result<void> MemoryFiles::append(const std::string& path, std::string_view data, std::uint32_t mode) {
  TRY(check("append", path));
  return store(path, data, mode, true);
}

Result<void> MemoryFiles::set_mode(const std::string& path, std::uint32_t mode) {
  TRY(check("set_mode", path));
  TRY(require(path, true))->info.mode = mode;
  return {};
}

Result<void> MemoryFiles::set_owner(const std::string& path, std::int64_t uid, std::int64_t gid) {
  TRY(check("set_owner", path));
  const NodePtr node = TRY(require(path, false));
  if (uid >= 0) node->info.uid = static_cast<std::uint32_t>(uid);
  if (gid >= 0) node->info.gid = static_cast<std::uint32_t>(gid);
  return {};
}

Result<void> MemoryFiles::symlink(const std::string& target, const std::string& path) {
  TRY(check("symlink", path));
  std::string name;
  const NodePtr parent = TRY(parent_of(path, name));
  if (parent->children.count(name) > 0) return Error(Reason::kAlreadyExists, path + ": file exists");
  auto node = std::make_shared<Node>();
  node->info.type = FileType::kLink;
  node->info.mode = 0777;
  node->data = target;
  node->parent = parent;
  parent->children[name] = std::move(node);
  return {};
}

Result<std::string> MemoryFiles::read_link(const std::string& path) {
  TRY(check("read_link", path));
  const NodePtr node = TRY(require(path, false));
  if (node->info.type != FileType::kLink) return Error(Reason::kBadRequest, path + ": not a link");
  return node->data;
}

Result<void> MemoryFiles::rename(const std::string& from, const std::string& to) {
  TRY(check("rename", from));
  std::string from_name, to_name;
  const NodePtr from_parent = TRY(parent_of(from, from_name));
  const NodePtr to_parent = TRY(parent_of(to, to_name));
  const auto it = from_parent->children.find(from_name);
  if (it == from_parent->children.end()) return not_found(from);
  NodePtr node = it->second;
  from_parent->children.erase(it);
  if (const auto old = to_parent->children.find(to_name); old != to_parent->children.end())
    bytes_ -= std::min<std::uint64_t>(bytes_, old->second->data.size());
  node->parent = to_parent;
  to_parent->children[to_name] = std::move(node);
  return {};
}

Result<void> MemoryFiles::remove(const std::string& path) {
  TRY(check("remove", path));
  std::string name;
  auto parent = parent_of(path, name);
  if (!parent.ok()) return {};
  const auto it = (*parent)->children.find(name);
  if (it == (*parent)->children.end()) return {};
  if (over(it->second) != it->second) return Error(Reason::kBadRequest, path + ": device or resource busy");
  if (!it->second->children.empty()) return Error(Reason::kBadRequest, path + ": directory not empty");
  if (it->second->info.type == FileType::kFile) bytes_ -= it->second->data.size();
  (*parent)->children.erase(it);
  return {};
}

Result<void> MemoryFiles::remove_below(const NodePtr& node, const std::string& path) {
  if (over(node) != node) return Error(Reason::kBadRequest, path + ": is a mount; it is not removed");
  while (!node->children.empty()) {
    const auto child = node->children.begin();
    TRY(remove_below(child->second, path + "/" + child->first));
    if (child->second->info.type == FileType::kFile) bytes_ -= child->second->data.size();
    node->children.erase(child);
  }
  return {};
}

Result<void> MemoryFiles::remove_all(const std::string& path) {
  TRY(check("remove_all", path));
  std::string name;
  auto parent = parent_of(path, name);
  if (!parent.ok()) return {};
  const auto it = (*parent)->children.find(name);
  if (it == (*parent)->children.end()) return {};
  TRY(remove_below(it->second, path));
  if (it->second->info.type == FileType::kFile) bytes_ -= it->second->data.size();
  (*parent)->children.erase(it);
  return {};
}

Result<DiskUsage> MemoryFiles::usage(const std::string& path) {
  TRY(check("usage", path));
  DiskUsage sum;
  std::vector<NodePtr> left = {TRY(require(path, true))};
  while (!left.empty()) {
    const NodePtr node = left.back();
    left.pop_back();
    sum.bytes += node->data.size();
    sum.inodes += 1;
    for (const auto& [_, child] : node->children) {
      if (over(child) == child) left.push_back(child);
    }
  }
  return sum;
}

Result<void> MemoryFiles::mount(const MountRequest& request) {
  TRY(check("mount", request.target));
  const NodePtr covered = TRY(require(request.target, true));
  NodePtr shown;
  if (request.bind) {
    shown = TRY(require(request.source, true));
  } else {
    shown = std::make_shared<Node>();
    shown->info = covered->info;
    for (const std::string& option : request.options) {
      if (option.rfind("size=", 0) == 0) shown->size_max = parse_integer<std::uint64_t>(option.substr(5)).value_or(0);
      if (option.rfind("mode=", 0) == 0) shown->info.mode = parse_integer<std::uint32_t>(option.substr(5), 8).value_or(0755);
    }
  }
  MountEntry entry{clean(request.target), request.source, request.bind ? "bind" : request.type, join(request.options, ",")};
  if (request.readonly) entry.options += entry.options.empty() ? "ro" : ",ro";
  covered->mounted.push_back(shown);
  mounts_.push_back({std::move(entry), covered, std::move(shown)});
  return {};
}

Result<void> MemoryFiles::unmount(const std::string& target) {
  TRY(check("unmount", target));
  const std::string path = clean(target);
  for (auto it = mounts_.rbegin(); it != mounts_.rend(); ++it) {
    if (it->entry.target != path) continue;
    auto& over = it->covered->mounted;
    const auto same = [&](const std::weak_ptr<Node>& shown) { return shown.lock() == it->shown; };
    over.erase(std::prev(std::find_if(over.rbegin(), over.rend(), same).base()));
    mounts_.erase(std::next(it).base());
    return {};
  }
  return {};
}

Result<std::vector<MountEntry>> MemoryFiles::mounts() {
  TRY(check("mounts", "/"));
  std::vector<MountEntry> out;
  for (const Mounted& m : mounts_) out.push_back(m.entry);
  return out;
}

Result<bool> MemoryFiles::is_mounted(const std::string& path) {
  TRY(check("is_mounted", path));
  std::string name;
  const auto parent = parent_of(path, name);
  if (!parent.ok()) return false;
  const auto child = (*parent)->children.find(name);
  return child != (*parent)->children.end() && !child->second->mounted.empty();
}

Result<void> MemoryFiles::bind_inside(const std::string& root, const std::string& path, const std::string& target,
                                      bool readonly) {
  TRY(check("bind_inside", target));
  const NodePtr base = TRY(require(root, true));
  std::string at = root;
  for (const std::string& part : parts_of(path)) {
    if (part == "..") return Error(Reason::kBadRequest, "the path must not contain '..'");
    at += "/" + part;
    const NodePtr node = TRY(find(at, false));
    if (node && node->info.type == FileType::kLink)
      return Error(Reason::kBadRequest, at + ": is a link, which is not followed");
    if (!node) TRY(make_directories(at, base->info.mode));
  }
  const NodePtr source = TRY(require(at, false));
  if (source->info.type == FileType::kDirectory) {
    TRY(make_directories(target, 0755));
  } else if (!TRY(info(target, false)).has_value()) {
    TRY(make_directories(target.substr(0, target.rfind('/')), 0755));
    TRY(store(target, "", 0644, false));
  }
  MountRequest bind;
  bind.source = at;
  bind.target = target;
  bind.bind = true;
  bind.readonly = readonly;
  return mount(bind);
}

void MemoryFiles::make_special(const std::string& path, FileType type) {
  (void)write(path, "", 0644);
  if (auto node = find(path, false); node.ok() && *node) (*node)->info.type = type;
}

}  // namespace plinth::node
