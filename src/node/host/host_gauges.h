// What the machine as a whole has and uses.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace plinth::node {

struct FilesystemReading {
  std::uint64_t bytes = 0, bytes_available = 0, inodes = 0, inodes_free = 0;
};

struct HostReading {
  std::uint64_t cpu_ns = 0;  // used by all processors together since some moment in the past
  std::uint64_t memory_bytes = 0, memory_working_set_bytes = 0;
  std::uint64_t processes = 0, processes_max = 0;
  FilesystemReading node_files;  // where pods' volumes and logs are
  FilesystemReading images;      // where images and what containers write are

  std::uint64_t memory_available_bytes() const {
    return memory_bytes > memory_working_set_bytes ? memory_bytes - memory_working_set_bytes : 0;
  }
};

// May block: called on a pool.
class HostGauges {
 public:
  virtual ~HostGauges() = default;
  virtual Result<HostReading> read() = 0;
};

}  // namespace plinth::node
