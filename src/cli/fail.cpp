#include "cli/fail.h"

#include <cstdio>

namespace plinth::cli {

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "plinth: %s\n", message.c_str());
  return status;
}

}  // namespace plinth::cli
