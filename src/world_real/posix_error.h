// errno as an Error.
#pragma once

#include <string_view>

#include "base/result.h"

namespace plinth::world_real {

// "what: No space left on device", with the Reason that callers branch on: NotFound, AlreadyExists, Forbidden,
// Conflict (in use, locked), InsufficientStorage (full), else InternalError.
Error posix_error(std::string_view what, int error_number);

}  // namespace plinth::world_real
