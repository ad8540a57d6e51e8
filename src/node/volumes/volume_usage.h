// What of a volume is used, as whoever serves it says.
#pragma once

#include <cstdint>
#include <optional>

namespace plinth::node {

// Of a filesystem all, of a raw device only its size.
struct VolumeUsage {
  std::optional<std::int64_t> bytes_total, bytes_used, bytes_available, inodes_total, inodes_used, inodes_free;
};

}  // namespace plinth::node
