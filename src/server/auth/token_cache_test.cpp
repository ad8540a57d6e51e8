#include "server/auth/token_cache.h"

#include <doctest/doctest.h>

using namespace plinth::server::auth;

TEST_CASE("the least recently used token goes first") {
  TokenCache<int> cache(2);
  const Sha256 a = sha256("a"), b = sha256("b"), c = sha256("c");
  cache.put(a, 1);
  cache.put(b, 2);
  CHECK(cache.find(a) == 1);
  cache.put(c, 3);
  CHECK_FALSE(cache.find(b).has_value());
  CHECK(cache.find(a) == 1);
  cache.put(a, 4);
  CHECK(cache.find(a) == 4);
  cache.erase(a);
  cache.erase(a);
  CHECK_FALSE(cache.find(a).has_value());
  CHECK(cache.size() == 1);
}
