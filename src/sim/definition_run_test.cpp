#include "sim/definition_run.h"

#include <doctest/doctest.h>

namespace plinth::sim {

TEST_CASE("a good definition becomes active, whatever was refused before it") {
  for (const ClientKind client : {ClientKind::kDirect, ClientKind::kLagging, ClientKind::kRemote}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(static_cast<int>(client));
      CAPTURE(seed);
      const std::string wrong = DefinitionRun(seed, client).run();
      CHECK_MESSAGE(wrong.empty(), wrong);
    }
  }
}

}  // namespace plinth::sim
