// Shares the text of equal object keys within one document, and of common Kubernetes keys between all documents.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace plinth {

class Arena;

namespace key_hash_detail {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ull;

// Up to eight bytes as a little-endian number.
constexpr std::uint64_t load(const char* bytes, std::size_t size) {
  std::uint64_t out = 0;
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    if (size >= 8) {
      std::memcpy(&out, bytes, 8);
      return out;
    }
    if (size >= 4) {  // two overlapping halves, instead of a loop
      std::uint32_t low = 0, high = 0;
      std::memcpy(&low, bytes, 4);
      std::memcpy(&high, bytes + size - 4, 4);
      return low | static_cast<std::uint64_t>(high) << (8 * (size - 4));
    }
  }
  for (std::size_t i = 0; i < size && i < 8; ++i)
    out |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return out;
}

}  // namespace key_hash_detail

// Not for hostile input where collisions cost more than a bounded number of probes.
constexpr std::uint64_t key_hash(std::string_view key) {
  using key_hash_detail::kMultiplier;
  std::uint64_t h = key.size() * kMultiplier;
  const char* bytes = key.data();
  std::size_t left = key.size();
  for (; left > 8; left -= 8, bytes += 8) h = (h ^ key_hash_detail::load(bytes, 8)) * kMultiplier, h ^= h >> 32;
  h = (h ^ key_hash_detail::load(bytes, left)) * kMultiplier;
  return h ^ (h >> 32);
}

// A compiled-in key of the same text, or a null view. The text has static storage duration.
std::string_view common_key(std::string_view key, std::uint64_t hash);

// Whether the text is one that common_key() returned, told by its address: it needs no copy and no look-up.
bool is_common_key(std::string_view key);

// The keys of one document. Not thread-safe. reset() forgets all keys but keeps the memory.
class KeyTable {
 public:
  // Text equal to `key`: compiled in, stored before, or copied into `arena` now. Probing and the number of entries are
  // bounded; past that a key is copied without being shared, so that hostile keys cost no more than their bytes.
  std::string_view intern(std::string_view key, Arena& arena);
  void reset();

 private:
  struct Slot {
    const char* data;
    std::uint32_t size;
    std::uint32_t generation;
    std::uint64_t hash;
  };
  void grow();
  std::vector<Slot> slots_;
  std::uint32_t generation_ = 1;
  std::size_t used_ = 0;
};

}  // namespace plinth
