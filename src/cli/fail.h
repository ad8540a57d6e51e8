// How a command says that it failed.
#pragma once

#include <string>

namespace plinth::cli {

// Prints "plinth: <message>" to stderr and returns `status` (1 failed, 2 wrong usage).
int fail(int status, const std::string& message);

}  // namespace plinth::cli
