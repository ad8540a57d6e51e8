#include <algorithm>

#include "world_sim/sim_disk.h"

namespace plinth::world_sim {
namespace {

// FNV-1a, over names and contents.
class Fingerprint {
 public:
  void add(std::string_view bytes) {
    for (char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
    hash_ = (hash_ ^ 0xFF) * 0x100000001B3ull;
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
};

std::string absolute(const std::string& path) { return path.starts_with('/') ? path : "/" + path; }

}  // namespace

void SimDisk::fail_nth(DiskOperation kind, std::uint64_t n, Reason reason) {
  std::lock_guard lock(mutex_);
  auto k = static_cast<std::size_t>(kind);
  planned_[k].push_back({counts_[k] + n, reason});
}

void SimDisk::set_capacity(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void SimDisk::crash_after_writes(std::uint64_t n) {
  std::lock_guard lock(mutex_);
  writes_until_crash_ = n;
}

void SimDisk::crash() {
  std::lock_guard lock(mutex_);
  crashed_ = true;
}

bool SimDisk::crashed() const {
  std::lock_guard lock(mutex_);
  return crashed_;
}

void SimDisk::restart() {
  std::lock_guard lock(mutex_);
  for (const NameChange& change : unsynced_names_) {
    bool keep = policy_ == CrashPolicy::kKeepAll || (policy_ == CrashPolicy::kRandom && random_.coin());
    if (keep) apply(durable_names_, change);
  }
  unsynced_names_.clear();
  // A name whose directory was lost is lost with it.
  std::erase_if(durable_names_, [&](const auto& name) {
    std::size_t slash = name.first.rfind('/');
    return slash != 0 && durable_names_.count(name.first.substr(0, slash)) == 0;
  });
  // Every surviving file once, also where two names lead to one.
  std::set<SimInode*> done;
  for (auto& [path, entry] : durable_names_) {
    if (entry.inode != nullptr && done.insert(entry.inode.get()).second) entry.inode->crash(policy_, random_);
  }
  names_ = durable_names_;
  locks_.clear();
  for (auto& planned : planned_) planned.clear();
  writes_until_crash_ = 0;
  crashed_ = false;
  ++boot_;
}

void SimDisk::clear_faults() {
  std::lock_guard lock(mutex_);
  for (auto& planned : planned_) planned.clear();
  capacity_ = UINT64_MAX;
  writes_until_crash_ = 0;
}

bool SimDisk::flip_bit(const std::string& path, std::uint64_t bit) {
  std::lock_guard lock(mutex_);
  auto found = names_.find(absolute(path));
  return found != names_.end() && found->second.inode != nullptr && found->second.inode->flip_bit(bit);
}

std::vector<std::string> SimDisk::flip_random_bits(std::size_t count, const std::string& prefix) {
  std::lock_guard lock(mutex_);
  std::uint64_t bits = 0;
  std::vector<std::pair<std::string, SimInode*>> files;
  for (auto& [path, entry] : names_) {
    if (entry.inode == nullptr || !path.starts_with(prefix)) continue;
    files.emplace_back(path, entry.inode.get());
    bits += entry.inode->size() * 8;
  }
  std::vector<std::string> hit;
  for (std::size_t i = 0; i < count && bits > 0; ++i) {
    std::uint64_t bit = random_.below(bits);
    for (auto& [path, inode] : files) {
      if (bit < inode->size() * 8) {
        inode->flip_bit(bit);
        hit.push_back(path);
        break;
      }
      bit -= inode->size() * 8;
    }
  }
  return hit;
}

std::uint64_t SimDisk::operations(DiskOperation kind) const {
  std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(kind)];
}

std::optional<std::string> SimDisk::durable_content(const std::string& path) const {
  std::lock_guard lock(mutex_);
  auto found = durable_names_.find(absolute(path));
  if (found == durable_names_.end() || found->second.inode == nullptr) return std::nullopt;
  return found->second.inode->durable_content();
}

std::vector<std::string> SimDisk::paths() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [path, entry] : names_) {
    if (entry.inode != nullptr) out.push_back(path);
  }
  return out;
}

std::uint64_t SimDisk::fingerprint() const {
  std::lock_guard lock(mutex_);
  Fingerprint out;
  for (const auto& [path, entry] : names_) {
    out.add(path);
    if (entry.inode == nullptr) continue;
    std::string content(entry.inode->size(), '\0');
    entry.inode->read(0, {content.data(), content.size()});
    out.add(content);
  }
  return out.value();
}

}  // namespace plinth::world_sim
