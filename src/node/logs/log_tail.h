// The end of a log.
#pragma once

#include <cstdint>
#include <string>

#include "node/host/host_files.h"

namespace plinth::node {

// Where the last `lines` entries of a log file begin, as an offset in it. Reads backwards. Blocks.
Result<std::uint64_t> tail_offset(HostFiles& files, const std::string& path, std::uint64_t lines);
// The text of the last lines, without times; the last `bytes_max` of it. "" when there is no file. Blocks.
Result<std::string> last_log_text(HostFiles& files, const std::string& path, std::size_t lines, std::size_t bytes_max);

}  // namespace plinth::node
