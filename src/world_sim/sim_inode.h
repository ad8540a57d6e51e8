// The content of one simulated file: what reads see, what is durable, and what a crash may make of the difference.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "world_sim/sim_random.h"

namespace plinth::world_sim {

constexpr std::size_t kSectorBytes = 512;

using Sector = std::array<char, kSectorBytes>;

// Sectors by number; those that were never written are zeros and cost nothing.
class SectorImage {
 public:
  void read(std::uint64_t offset, std::span<char> out) const;
  const Sector& at(std::uint64_t number) const;
  void set(std::uint64_t number, const Sector& sector);
  // Zeros from byte `size` on.
  void cut(std::uint64_t size);
  // Numbers of all sectors that are held, in order.
  std::vector<std::uint64_t> numbers() const;

 private:
  std::unordered_map<std::uint64_t, std::unique_ptr<Sector>> sectors_;
};

enum class CrashPolicy : std::uint8_t {
  kRandom,   // any subset of the unsynced sectors survives, each in any of its versions since the last sync
  kLoseAll,  // nothing that was not synced survives
  kKeepAll,  // everything survives, as after kill -9
};

// Not thread-safe; SimDisk serializes.
class SimInode {
 public:
  std::uint64_t size() const { return size_; }
  std::size_t read(std::uint64_t offset, std::span<char> out) const;  // bytes read; short at the end
  void write(std::uint64_t offset, std::string_view data);
  void truncate(std::uint64_t size);
  void sync();
  // The sync failed: what was not durable by now never will be, unless it is written again, though reads still see it.
  void fail_sync(SimRandom& random);
  // What is left after a power cut; everything left is durable.
  void crash(CrashPolicy policy, SimRandom& random);
  // Changes one bit at rest and in reads. False when past the end.
  bool flip_bit(std::uint64_t bit);
  std::string durable_content() const;

 private:
  // Changes between two truncations; a truncation is ordered between the writes before and after it, as journals make it.
  struct Epoch {
    // Of sectors that differ from what is durable: versions that were overwritten again. The last one is in current_.
    std::map<std::uint64_t, std::vector<Sector>> dirty;
    std::vector<std::uint64_t> sizes;  // that the file grew to
    std::uint64_t cut_to = 0;          // size that the truncation at the epoch's end set
  };

  void write_sector(std::uint64_t number, std::size_t from, std::string_view bytes);
  void keep_some(const Epoch& epoch, bool last, CrashPolicy policy, SimRandom& random);
  static bool choose(CrashPolicy policy, SimRandom& random);

  SectorImage current_, durable_;
  std::uint64_t size_ = 0, durable_size_ = 0;
  std::vector<Epoch> epochs_{1};
};

}  // namespace plinth::world_sim
