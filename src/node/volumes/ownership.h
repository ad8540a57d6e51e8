// Small things that volumes do with directories. They block.
#pragma once

#include <cstdint>
#include <string>

#include "node/host/host_files.h"

namespace plinth::node {

// Unmounts it, as often as something is mounted there, and removes it with what is in it.
Result<void> release_directory(HostFiles& files, const std::string& directory);
// fsGroup: everything below gets the group and its rights (reading and writing, or only reading), directories setgid too. Links
// are not followed. `only_if_needed` (OnRootMismatch): nothing is done when the root has group and rights already.
Result<void> give_to_group(HostFiles& files, const std::string& directory, std::int64_t group, bool readonly,
                           bool only_if_needed = false);

}  // namespace plinth::node
