#include "api/strategies/cron_check.h"

#include <doctest/doctest.h>

namespace plinth::api {

TEST_CASE("cron schedules") {
  for (const char* good : {"* * * * *", "*/5 0-23 1,15 jan-DEC Mon", "0 0 * * 0", "? * * * ?", "@daily", "@every 1h30m",
                           "5/15 * * * *", "TZ=UTC 0 0 * * *", "0  0 * * *", "@every 100ms"}) {
    CHECK_MESSAGE(!cron_problem(good).has_value(), good);
  }
  for (const char* bad :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "a * * * *",
        "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "@never", "@every", "@every x", "-1 * * * *"}) {
    CHECK_MESSAGE(cron_problem(bad).has_value(), bad);
  }
  CHECK(cron_problem("* * * *") == "expected exactly 5 fields, found 4: [* * * *]");
  CHECK(cron_problem("99 * * * *") == "end of range (99) above maximum (59): 99");
}

}  // namespace plinth::api
