// Directories that are there after a power cut too.
#pragma once

#include <string>

#include "base/world.h"

namespace plinth {

// Makes a directory and those above it, and makes the names of those that it made durable: what is synced inside a directory
// whose own name is lost is lost with it.
Result<void> make_durable_directories(Disk& disk, const std::string& path, int permissions = 0700);

}  // namespace plinth
