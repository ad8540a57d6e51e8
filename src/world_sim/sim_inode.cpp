#include "world_sim/sim_inode.h"

#include <algorithm>
#include <cstring>

namespace plinth::world_sim {
namespace {

constexpr Sector kZeros{};
// Versions of one unsynced sector that are remembered; more add nothing to what a crash can do.
constexpr std::size_t kVersionsMax = 6;

}  // namespace

const Sector& SectorImage::at(std::uint64_t number) const {
  auto found = sectors_.find(number);
  return found == sectors_.end() ? kZeros : *found->second;
}

void SectorImage::set(std::uint64_t number, const Sector& sector) {
  if (sector == kZeros) {
    sectors_.erase(number);
    return;
  }
  auto& slot = sectors_[number];
  if (slot == nullptr)
    slot = std::make_unique<Sector>(sector);
  else
    *slot = sector;
}

void SectorImage::read(std::uint64_t offset, std::span<char> out) const {
  while (!out.empty()) {
    std::size_t from = offset % kSectorBytes, n = std::min(kSectorBytes - from, out.size());
    std::memcpy(out.data(), at(offset / kSectorBytes).data() + from, n);
    out = out.subspan(n);
    offset += n;
  }
}

void SectorImage::cut(std::uint64_t size) {
  std::uint64_t first_gone = (size + kSectorBytes - 1) / kSectorBytes;
  std::erase_if(sectors_, [&](const auto& entry) { return entry.first >= first_gone; });
  std::size_t kept = size % kSectorBytes;
  if (kept == 0) return;
  Sector last = at(size / kSectorBytes);
  std::fill(last.begin() + static_cast<std::ptrdiff_t>(kept), last.end(), '\0');
  set(size / kSectorBytes, last);
}

std::vector<std::uint64_t> SectorImage::numbers() const {
  std::vector<std::uint64_t> out;
  for (const auto& [number, sector] : sectors_) out.push_back(number);
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t SimInode::read(std::uint64_t offset, std::span<char> out) const {
  if (offset >= size_) return 0;
  std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  current_.read(offset, out.first(n));
  return n;
}

void SimInode::write(std::uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  if (offset + data.size() > size_) {
    size_ = offset + data.size();
    epochs_.back().sizes.push_back(size_);
  }
  while (!data.empty()) {
    std::size_t from = offset % kSectorBytes, n = std::min(kSectorBytes - from, data.size());
    write_sector(offset / kSectorBytes, from, data.substr(0, n));
    data.remove_prefix(n);
    offset += n;
  }
}

void SimInode::write_sector(std::uint64_t number, std::size_t from, std::string_view bytes) {
  const Sector& before = current_.at(number);
  auto& dirty = epochs_.back().dirty;
  bool same = std::memcmp(before.data() + from, bytes.data(), bytes.size()) == 0;
  if (same && (dirty.count(number) > 0 || durable_.at(number) == before)) return;
  auto [entry, first] = dirty.try_emplace(number);
  if (!first && entry->second.size() < kVersionsMax) entry->second.push_back(before);
  Sector after = before;
  std::memcpy(after.data() + from, bytes.data(), bytes.size());
  current_.set(number, after);
}

void SimInode::truncate(std::uint64_t size) {
  if (size >= size_) {
    size_ = size;
    epochs_.back().sizes.push_back(size);
    return;
  }
  Epoch& ended = epochs_.back();
  for (auto& [number, versions] : ended.dirty) versions.push_back(current_.at(number));
  ended.cut_to = size;
  current_.cut(size);
  size_ = size;
  epochs_.emplace_back();
}

void SimInode::sync() {
  std::uint64_t cut_to = durable_size_;
  for (std::size_t i = 0; i + 1 < epochs_.size(); ++i) cut_to = std::min(cut_to, epochs_[i].cut_to);
  if (epochs_.size() > 1) durable_.cut(cut_to);
  for (const Epoch& epoch : epochs_) {
    for (const auto& [number, versions] : epoch.dirty) durable_.set(number, current_.at(number));
  }
  durable_size_ = size_;
  epochs_.assign(1, Epoch());
}

bool SimInode::choose(CrashPolicy policy, SimRandom& random) {
  return policy == CrashPolicy::kKeepAll || (policy == CrashPolicy::kRandom && random.coin());
}

// Applies to the durable image what survives of one epoch.
void SimInode::keep_some(const Epoch& epoch, bool last, CrashPolicy policy, SimRandom& random) {
  for (const auto& [number, versions] : epoch.dirty) {
    if (!choose(policy, random)) continue;
    std::size_t count = versions.size() + (last ? 1 : 0);
    std::size_t pick = policy == CrashPolicy::kKeepAll ? count - 1 : random.below(count);
    durable_.set(number, pick < versions.size() ? versions[pick] : current_.at(number));
  }
  if (epoch.sizes.empty() || !choose(policy, random)) return;
  std::size_t pick = policy == CrashPolicy::kKeepAll ? epoch.sizes.size() - 1 : random.below(epoch.sizes.size());
  durable_size_ = std::max(durable_size_, epoch.sizes[pick]);
}

void SimInode::crash(CrashPolicy policy, SimRandom& random) {
  for (std::size_t i = 0; i < epochs_.size(); ++i) {
    bool last = i + 1 == epochs_.size();
    keep_some(epochs_[i], last, policy, random);
    if (last || !choose(policy, random)) break;
    durable_size_ = epochs_[i].cut_to;
    durable_.cut(durable_size_);
  }
  durable_.cut(durable_size_);
  current_ = SectorImage();
  for (std::uint64_t number : durable_.numbers()) current_.set(number, durable_.at(number));
  size_ = durable_size_;
  epochs_.assign(1, Epoch());
}

void SimInode::fail_sync(SimRandom& random) {
  // What reaches the disk is settled now; a crash later finds this, whatever a second sync says.
  SectorImage seen = std::move(current_);
  std::uint64_t seen_size = size_;
  current_ = SectorImage();
  for (std::uint64_t number : seen.numbers()) current_.set(number, seen.at(number));
  crash(CrashPolicy::kRandom, random);
  current_ = std::move(seen);
  size_ = seen_size;
}

bool SimInode::flip_bit(std::uint64_t bit) {
  std::uint64_t byte = bit / 8;
  if (byte >= size_) return false;
  for (SectorImage* image : {&current_, &durable_}) {
    Sector sector = image->at(byte / kSectorBytes);
    sector[byte % kSectorBytes] = static_cast<char>(sector[byte % kSectorBytes] ^ (1 << (bit % 8)));
    image->set(byte / kSectorBytes, sector);
  }
  return true;
}

std::string SimInode::durable_content() const {
  std::string out(durable_size_, '\0');
  durable_.read(0, {out.data(), out.size()});
  return out;
}

}  // namespace plinth::world_sim
