#include "world_sim/sim_disk.h"

#include <algorithm>

#include <fmt/format.h>

#include "world_sim/sim_file.h"

namespace plinth::world_sim {
namespace {

// "/a/b" for "a/b", "/a//b/" and so on.
std::string normal(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size();) {
    std::size_t end = std::min(path.find('/', i), path.size());
    if (end > i && path.substr(i, end - i) != ".") out.append("/").append(path.substr(i, end - i));
    i = end + 1;
  }
  return out.empty() ? "/" : out;
}

std::string parent_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& directory) {
  return directory == "/" ? path != "/" : path.starts_with(directory + "/");
}

Error no_such(const std::string& what, const std::string& path) {
  return Error(Reason::kNotFound, fmt::format("{} {}: No such file or directory", what, path));
}

}  // namespace

Error SimDisk::crashed_error(const std::string& what) const {
  return Error(Reason::kInternalError, what + ": the simulated machine has crashed");
}

// Counts an operation and lets a planned fault happen.
Result<void> SimDisk::begin(DiskOperation kind, const std::string& what) {
  if (crashed_) return crashed_error(what);
  for (DiskOperation counted : {DiskOperation::kAny, kind}) {
    auto k = static_cast<std::size_t>(counted);
    ++counts_[k];
    auto hit = std::find_if(planned_[k].begin(), planned_[k].end(), [&](const Planned& p) { return p.at == counts_[k]; });
    if (hit == planned_[k].end()) continue;
    Reason reason = hit->reason;
    planned_[k].erase(hit);
    return Error(reason, fmt::format("{}: injected fault", what));
  }
  return {};
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& given, OpenMode mode, int permissions) {
  std::lock_guard lock(mutex_);
  std::string path = normal(given);
  TRY(begin(DiskOperation::kOpen, "open " + path));
  auto found = names_.find(path);
  bool exists = found != names_.end() || path == "/";
  if (exists && (path == "/" || found->second.inode == nullptr)) {
    return internal_error(fmt::format("open {}: Is a directory", path));
  }
  if (exists && mode == OpenMode::kCreateExclusive) {
    return Error(Reason::kAlreadyExists, fmt::format("open {}: File exists", path));
  }
  bool may_create = mode == OpenMode::kCreate || mode == OpenMode::kCreateExclusive;
  if (!exists) {
    std::string directory = parent_of(path);
    auto parent = names_.find(directory);
    bool has_parent = directory == "/" || (parent != names_.end() && parent->second.inode == nullptr);
    if (!may_create || !has_parent) return no_such("open", path);
    change_name({directory, "", path, Entry{std::make_shared<SimInode>(), permissions}});
    found = names_.find(path);
  }
  return std::unique_ptr<File>(
      std::make_unique<SimFile>(*this, found->second.inode, std::move(path), mode == OpenMode::kRead, boot_));
}

Result<void> SimDisk::make_directories(const std::string& given, int permissions) {
  std::lock_guard lock(mutex_);
  std::string path = normal(given);
  TRY(begin(DiskOperation::kName, "create directory " + path));
  if (path == "/") return {};
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    std::string step = path.substr(0, end);
    auto found = names_.find(step);
    if (found != names_.end() && found->second.inode != nullptr) {
      return Error(Reason::kAlreadyExists, fmt::format("create directory {}: {} is a file", path, step));
    }
    if (found == names_.end()) change_name({parent_of(step), "", step, Entry{nullptr, permissions}}, !lose_directories_);
    if (end == std::string::npos) return {};
  }
}

Result<std::vector<std::string>> SimDisk::list(const std::string& given) {
  std::lock_guard lock(mutex_);
  std::string directory = normal(given);
  TRY(begin(DiskOperation::kRead, "list " + directory));
  auto found = names_.find(directory);
  if (directory != "/" && (found == names_.end() || found->second.inode != nullptr)) return no_such("list", directory);
  std::vector<std::string> out;
  for (const auto& [path, entry] : names_) {
    if (parent_of(path) == directory) out.push_back(path.substr(path.rfind('/') + 1));
  }
  return out;
}

Result<void> SimDisk::rename(const std::string& given_from, const std::string& given_to) {
  std::lock_guard lock(mutex_);
  std::string from = normal(given_from), to = normal(given_to);
  TRY(begin(DiskOperation::kName, fmt::format("rename {} to {}", from, to)));
  auto found = names_.find(from);
  if (found == names_.end()) return no_such("rename", from);
  std::string directory = parent_of(to);
  if (directory != "/" && names_.count(directory) == 0) return no_such("rename to", to);
  if (found->second.inode == nullptr) return internal_error("rename " + from + ": directories are not renamed here");
  if (from == to) return {};
  auto target = names_.find(to);
  if (target != names_.end() && target->second.inode == nullptr) return internal_error("rename to " + to + ": Is a directory");
  change_name({directory, from, to, found->second});
  return {};
}

Result<void> SimDisk::remove(const std::string& given) {
  std::lock_guard lock(mutex_);
  std::string path = normal(given);
  TRY(begin(DiskOperation::kName, "remove " + path));
  auto found = names_.find(path);
  if (found == names_.end()) return no_such("remove", path);
  bool has_children = found->second.inode == nullptr &&
                      std::any_of(names_.begin(), names_.end(), [&](const auto& name) { return is_below(name.first, path); });
  if (has_children) return internal_error(fmt::format("remove {}: Directory not empty", path));
  change_name({parent_of(path), path, "", Entry()});
  return {};
}

Result<void> SimDisk::sync_directory(const std::string& given) {
  std::lock_guard lock(mutex_);
  std::string directory = normal(given);
  TRY(begin(DiskOperation::kSyncDirectory, "sync " + directory));
  if (directory != "/" && names_.count(directory) == 0) return no_such("sync", directory);
  std::erase_if(unsynced_names_, [&](const NameChange& change) {
    if (change.directory != directory) return false;
    apply(durable_names_, change);
    return true;
  });
  return {};
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& given) {
  std::string path = normal(given);
  TRY(open(path, OpenMode::kCreate));
  std::lock_guard lock(mutex_);
  if (!locks_.insert(path).second) return Error(Reason::kConflict, fmt::format("{} is locked by another process", path));
  return std::unique_ptr<FileLock>(std::make_unique<SimFileLock>(*this, std::move(path), boot_));
}

Result<std::uint64_t> SimDisk::free_bytes(const std::string& directory) {
  std::lock_guard lock(mutex_);
  TRY(begin(DiskOperation::kRead, "free space of " + directory));
  std::uint64_t used = used_bytes();
  return used >= capacity_ ? 0 : capacity_ - used;
}

void SimDisk::change_name(NameChange change, bool durable_at_once) {
  apply(names_, change);
  if (durable_at_once)
    apply(durable_names_, change);
  else
    unsynced_names_.push_back(std::move(change));
}

void SimDisk::apply(Names& names, const NameChange& change) {
  if (!change.unset.empty()) names.erase(change.unset);
  if (!change.set.empty()) names[change.set] = change.entry;
}

std::uint64_t SimDisk::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, entry] : names_) sum += entry.inode == nullptr ? 0 : entry.inode->size();
  return sum;
}

Result<void> SimDisk::grow(const SimInode& inode, const std::string& path, std::uint64_t size) const {
  if (capacity_ == UINT64_MAX || size <= inode.size() || used_bytes() + (size - inode.size()) <= capacity_) return {};
  return Error(Reason::kInsufficientStorage, fmt::format("write {}: No space left on device", path));
}

Result<void> SimDisk::write(SimInode& inode, const std::string& path, std::uint64_t offset, std::string_view data) {
  // Of a write that fails any number of leading bytes may be there.
  auto write_part = [&] { inode.write(offset, data.substr(0, random_.below(data.size() + 1))); };
  auto begun = begin(DiskOperation::kWrite, "write " + path);
  if (!begun.ok()) {
    if (!crashed_) write_part();
    return begun;
  }
  if (auto fits = grow(inode, path, offset + data.size()); !fits.ok()) {
    std::uint64_t free = capacity_ - std::min(capacity_, used_bytes());
    std::uint64_t room = inode.size() + free;
    if (offset < room) inode.write(offset, data.substr(0, static_cast<std::size_t>(room - offset)));
    return fits;
  }
  if (writes_until_crash_ > 0 && --writes_until_crash_ == 0) {
    if (random_.coin())
      inode.write(offset, data);
    else
      write_part();
    crashed_ = true;
    return crashed_error("write " + path);
  }
  inode.write(offset, data);
  return {};
}

}  // namespace plinth::world_sim
