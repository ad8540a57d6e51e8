#include "api/time_error.h"

#include <doctest/doctest.h>

namespace plinth::api {

TEST_CASE("a bad time is refused in Go's words") {
  CHECK(time_error("x") == R"(parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006")");
  CHECK(time_error("2024-01-01") == R"(parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T")");
  CHECK(time_error("2024-01-01T00:00:00") ==
        R"(parsing time "2024-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00")");
  CHECK(time_error("2023-02-29T00:00:00Z") == R"(parsing time "2023-02-29T00:00:00Z": day out of range)");
  CHECK(time_error("2023-13-01T00:00:00Z") == R"(parsing time "2023-13-01T00:00:00Z": month out of range)");
  CHECK(time_error("2024-01-01T00:00:00Zx") == R"(parsing time "2024-01-01T00:00:00Zx": extra text: "x")");
  CHECK(time_error("2024-01-01T00:00:00Z", true) ==
        R"(parsing time "2024-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000")");
}

}  // namespace plinth::api
