#include "api/time_text.h"

#include <doctest/doctest.h>

namespace plinth::api {
namespace {

std::string normalized(std::string_view text, bool micro = false) {
  const auto parsed = parse_time(text, micro);
  if (!parsed.ok()) return parsed.error().message();
  return micro ? micro_time_text(*parsed) : time_text(*parsed);
}

std::string normalized_duration(std::string_view text) {
  const auto parsed = parse_duration(text);
  return parsed.ok() ? duration_text(*parsed) : parsed.error().message();
}

}  // namespace

TEST_CASE("times become UTC with seconds") {
  CHECK(normalized("2024-02-29T12:34:56Z") == "2024-02-29T12:34:56Z");
  CHECK(normalized("2024-02-29T12:34:56.789Z") == "2024-02-29T12:34:56Z");
  CHECK(normalized("2024-03-01T01:30:00+02:00") == "2024-02-29T23:30:00Z");
  CHECK(normalized("1969-12-31T23:59:59-00:30") == "1970-01-01T00:29:59Z");
  CHECK(normalized("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00Z");
  CHECK(parse_time("0001-01-01T00:00:00Z")->is_zero());
  CHECK(parse_time("1970-01-02T00:00:00Z")->seconds == 86400);
  CHECK(normalized("2024-02-29T12:34:56.123456Z", true) == "2024-02-29T12:34:56.123456Z");
  CHECK(normalized("2024-02-29T12:34:56.123456+01:00", true) == "2024-02-29T11:34:56.123456Z");
}

TEST_CASE("a bad time is refused in Go's words") {
  CHECK(normalized("x") == R"(parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006")");
  CHECK(normalized("2024-01-01") == R"(parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T")");
  CHECK(normalized("2024-01-01T00:00:00") == R"(parsing time "2024-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00")");
  CHECK(normalized("2023-02-29T00:00:00Z") == R"(parsing time "2023-02-29T00:00:00Z": day out of range)");
  CHECK(normalized("2023-13-01T00:00:00Z") == R"(parsing time "2023-13-01T00:00:00Z": month out of range)");
  CHECK(normalized("2024-01-01T00:00:00Zx") == R"(parsing time "2024-01-01T00:00:00Zx": extra text: "x")");
  CHECK(normalized("2024-01-01T00:00:00Z", true) ==
        R"(parsing time "2024-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000")");
}

TEST_CASE("durations print as Go prints them") {
  CHECK(normalized_duration("1h") == "1h0m0s");
  CHECK(normalized_duration("90m") == "1h30m0s");
  CHECK(normalized_duration("1.5s") == "1.5s");
  CHECK(normalized_duration("100ms") == "100ms");
  CHECK(normalized_duration("1500us") == "1.5ms");
  CHECK(normalized_duration("-1m30s") == "-1m30s");
  CHECK(normalized_duration("0") == "0s");
  CHECK(normalized_duration("1ns") == "1ns");
  CHECK(normalized_duration("") == R"(time: invalid duration "")");
  CHECK(normalized_duration("5") == R"(time: missing unit in duration "5")");
  CHECK(normalized_duration("5d") == R"(time: unknown unit "d" in duration "5d")");
  CHECK(normalized_duration("9999999999h") == R"(time: invalid duration "9999999999h")");
}

}  // namespace plinth::api
