#include "server/paths/health.h"

#include <doctest/doctest.h>

using namespace plinth::server;

TEST_CASE("health: all checks, without some, and one of them") {
  const HealthCheck fine[] = {{"ping", ""}, {"etcd", ""}};
  const HealthCheck broken[] = {{"ping", ""}, {"etcd", "read only"}};
  struct Case {
    std::string_view target;
    std::span<const HealthCheck> checks;
    int status;
    std::string_view text;
  };
  const Case cases[] = {
      {"/livez", fine, 200, "ok"},
      {"/livez?verbose", fine, 200, "[+]ping ok\n[+]etcd ok\nlivez check passed\n"},
      {"/readyz", broken, 500, "[+]ping ok\n[-]etcd failed: read only\nreadyz check failed\n"},
      {"/readyz?exclude=etcd", broken, 200, "ok"},
      {"/readyz?verbose&exclude=etcd&exclude=x", broken, 200,
       "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\nreadyz check "
       "passed\n"},
      {"/livez/ping", broken, 200, "ok"},
      {"/livez/etcd", broken, 500, "internal server error: read only\n"},
      {"/livez/other", fine, 404, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.target);
    const auto info = parse_request_info("GET", std::string(c.target));
    REQUIRE(info.ok());
    const HealthAnswer answer = health_answer(info->path, info->query, c.checks);
    CHECK(answer.status == c.status);
    CHECK(answer.text == c.text);
  }
}
