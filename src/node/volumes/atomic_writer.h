// A directory of files that change all at once, as the kubelet writes projected volumes: the files are in a directory named
// after the time, "..data" links to it, and the names that users see link through "..data". The change is one rename.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "node/host/host_files.h"

namespace plinth::node {

struct ProjectedFile {
  std::string data;
  std::uint32_t mode = 0644;
  std::optional<std::int64_t> owner;  // uid; of token files
};

// Relative paths to files.
using Payload = std::map<std::string, ProjectedFile>;

constexpr std::size_t kPathBytesMax = 4096, kNameBytesMax = 255;

// Makes `directory` show exactly `payload`; nothing is written when it does already. `stamp` is a name for the new directory
// that was not used before, without its dots ("2026_01_02_03_04_05.123456"). `group`: given to everything. Blocks.
Result<void> write_atomically(HostFiles& files, const std::string& directory, const Payload& payload, const std::string& stamp,
                              std::optional<std::int64_t> group);

}  // namespace plinth::node
