#include "sim/compose_run.h"

#include <doctest/doctest.h>

namespace plinth::sim {

TEST_CASE("composition converges, leaves nothing behind and touches nothing foreign, whatever happens") {
  for (const ClientKind client : {ClientKind::kDirect, ClientKind::kLagging, ClientKind::kRemote}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(static_cast<int>(client));
      CAPTURE(seed);
      const std::string wrong = ComposeRun(seed, client).run();
      CHECK_MESSAGE(wrong.empty(), wrong);
    }
  }
}

}  // namespace plinth::sim
