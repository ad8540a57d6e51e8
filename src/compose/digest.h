// Digests of names and inventories.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plinth::compose {

std::string sha256(std::string_view text);  // 32 bytes
std::uint64_t fnv64a(std::string_view text);
std::string hex16(std::uint64_t value);  // 16 lower-case digits

}  // namespace plinth::compose
