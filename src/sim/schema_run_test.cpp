#include "sim/schema_run.h"

#include <doctest/doctest.h>

namespace plinth::sim {

TEST_CASE("custom objects are what their schemas make of them, whatever happens to schemas and platform") {
  std::size_t acknowledged = 0;
  for (const ClientKind client : {ClientKind::kDirect, ClientKind::kLagging, ClientKind::kRemote}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(static_cast<int>(client));
      CAPTURE(seed);
      SchemaRun run(seed, client);
      const std::string wrong = run.run();
      CHECK_MESSAGE(wrong.empty(), wrong);
      acknowledged += run.acknowledged();
    }
  }
  CHECK(acknowledged > 600);
}

}  // namespace plinth::sim
