// Work on the store of a data directory that no platform has open.
#pragma once

#include <string>

#include "base/result.h"

namespace plinth::platform {

Result<void> save_snapshot(const std::string& data_dir, const std::string& file);
Result<void> restore_snapshot(const std::string& data_dir, const std::string& file);
Result<void> rotate_secrets_key(const std::string& data_dir);

}  // namespace plinth::platform
