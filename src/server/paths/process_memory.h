// What the operating system says about this process.
#pragma once

#include <cstdint>

namespace plinth::server {

// Resident memory in bytes; 0 where it cannot be read.
std::uint64_t resident_bytes();

}  // namespace plinth::server
