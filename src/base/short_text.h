// Comparing texts of a few bytes (names, keys), where a call of memcmp costs more than the comparison.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace plinth {

inline bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const char* x = a.data();
  const char* y = b.data();
  std::size_t left = a.size();
  if (x == y) return true;
  const auto differ = [&](std::size_t at, auto as) {
    auto p = as, q = as;
    std::memcpy(&p, x + at, sizeof p);
    std::memcpy(&q, y + at, sizeof q);
    return p != q;
  };
  if (left >= 8) {
    for (; left > 8; left -= 8, x += 8, y += 8) {
      if (differ(0, std::uint64_t{})) return false;
    }
    x -= 8 - left, y -= 8 - left;  // the last eight bytes overlap those before
    return !differ(0, std::uint64_t{});
  }
  if (left >= 4) return !differ(0, std::uint32_t{}) && !differ(left - 4, std::uint32_t{});
  for (std::size_t i = 0; i < left; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

// -1, 0 or 1, in the order of bytes.
inline int compare_text(std::string_view a, std::string_view b) {
  const std::size_t shared = a.size() < b.size() ? a.size() : b.size();
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= shared; at += 8) {
      std::uint64_t p = 0, q = 0;
      std::memcpy(&p, a.data() + at, 8);
      std::memcpy(&q, b.data() + at, 8);
      if (p == q) continue;
      return __builtin_bswap64(p) < __builtin_bswap64(q) ? -1 : 1;
    }
  }
  for (; at < shared; ++at) {
    if (a[at] != b[at]) return static_cast<unsigned char>(a[at]) < static_cast<unsigned char>(b[at]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

}  // namespace plinth
