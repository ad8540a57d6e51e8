// Logs that have become too long are set aside; the runtime begins a new file.
#pragma once

#include <cstdint>
#include <string>

#include "node/host/host_files.h"

namespace plinth::node {

constexpr std::uint64_t kLogBytesMax = 10 << 20;  // of one file
constexpr std::size_t kLogFilesMax = 5;           // of one container, with the one that is written

// Renames `path` to `path`.STAMP when it is longer than `bytes_max`, and removes the oldest beyond `files_max`. True when the
// runtime must be told to open the log again. Blocks.
Result<bool> rotate_log(HostFiles& files, const std::string& path, const std::string& stamp,
                        std::uint64_t bytes_max = kLogBytesMax, std::size_t files_max = kLogFilesMax);

}  // namespace plinth::node
