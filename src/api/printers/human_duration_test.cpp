#include "api/printers/human_duration.h"

#include <doctest/doctest.h>

namespace plinth::api {

// The steps of apimachinery's duration.HumanDuration.
TEST_CASE("human_duration") {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400, kYear = 365 * kDay;
  const struct {
    std::int64_t seconds;
    const char* want;
  } kCases[] = {
      {-2, "<invalid>"},
      {-1, "0s"},
      {0, "0s"},
      {119, "119s"},
      {120, "2m"},
      {150, "2m30s"},
      {9 * kMinute + 59, "9m59s"},
      {10 * kMinute + 30, "10m"},
      {179 * kMinute, "179m"},
      {3 * kHour, "3h"},
      {3 * kHour + 5 * kMinute, "3h5m"},
      {8 * kHour + 5 * kMinute, "8h"},
      {47 * kHour, "47h"},
      {48 * kHour, "2d"},
      {2 * kDay + kHour, "2d1h"},
      {8 * kDay + kHour, "8d"},
      {2 * kYear - 1, "729d"},
      {2 * kYear, "2y"},
      {2 * kYear + 3 * kDay, "2y3d"},
      {8 * kYear + 3 * kDay, "8y"},
  };
  for (const auto& c : kCases) CHECK(human_duration(c.seconds) == c.want);
}

TEST_CASE("parse_timestamp") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_timestamp("2024-02-29T12:00:00Z") == 1709208000);
  CHECK(parse_timestamp("2024-02-29T12:00:00.999999Z") == 1709208000);
  CHECK(parse_timestamp("2024-02-29T14:00:00+02:00") == 1709208000);
  CHECK(parse_timestamp("2024-02-29T09:30:00-02:30") == 1709208000);
  for (const char* bad : {"", "2024-02-29", "2024-02-29T12:00:00", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
                          "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx"}) {
    CHECK_MESSAGE(!parse_timestamp(bad).has_value(), bad);
  }
}

}  // namespace plinth::api
