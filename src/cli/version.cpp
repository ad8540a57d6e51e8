#include <cstdio>

#include "cli/command.h"

namespace plinth::cli {

Command version_command() {
  return {"version", "print the version", {}, [](const Arguments&) {
            std::puts("plinth " PLINTH_VERSION " (Kubernetes API v1.34)");
            return 0;
          }};
}

}  // namespace plinth::cli
