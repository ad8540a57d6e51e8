// Shares the text of equal object keys within one document, and of common Kubernetes keys between all documents.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace plinth {

class Arena;

constexpr std::uint64_t key_hash(std::string_view key) {
  std::uint64_t h = 0x9E3779B97F4A7C15ull ^ key.size();
  for (char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return h ^ (h >> 29);
}

// A compiled-in key of the same text, or a null view. The text has static storage duration.
std::string_view common_key(std::string_view key, std::uint64_t hash);

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
