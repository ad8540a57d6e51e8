// CRC-32C (Castagnoli), by the processor's instruction where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace plinth::log {

// Continues `seed` (0 at the beginning) over `data`: crc32c(crc32c(0, a), b) == crc32c(0, a + b).
std::uint32_t crc32c(std::uint32_t seed, std::string_view data);

}  // namespace plinth::log
