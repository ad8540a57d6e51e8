#include "cel/time.h"

#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "cel/time_zone_files.h"

namespace plinth::cel {

TEST_CASE("durations as text") {
  struct Row {
    std::string_view text;
    std::optional<TimeSpan> span;
  } rows[] = {
      {"0", TimeSpan{}},
      {"1h30m", TimeSpan{5400, 0}},
      {"-1.5s", TimeSpan{-1, -500'000'000}},
      {"1ms", TimeSpan{0, 1'000'000}},
      {"1\xC2\xB5s", TimeSpan{0, 1'000}},
      {".5h", TimeSpan{1800, 0}},
      {"9223372036.854775807s", TimeSpan{9223372036, 854'775'807}},
      {"-9223372036.854775808s", TimeSpan{-9223372036, -854'775'808}},
      {"9223372036.854775808s", std::nullopt},
      {"", std::nullopt},
      {"1", std::nullopt},
      {"s", std::nullopt},
      {".s", std::nullopt},
      {"1d", std::nullopt},
      {"--1s", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_time_span(row.text) == row.span);
  }
  CHECK(duration_text(TimeSpan{-1, -500'000'000}) == "-1.5s");
  CHECK(duration_text(TimeSpan{0, 1}) == "0.000000001s");
}

TEST_CASE("time arithmetic keeps to its range") {
  TimeStamp last{kTimestampSecondsMax, 999'999'999};
  CHECK_FALSE(add(last, TimeSpan{0, 1}));
  CHECK(add(last, TimeSpan{0, -999'999'999}) == TimeStamp{kTimestampSecondsMax, 0});
  CHECK_FALSE(difference(last, TimeStamp{kTimestampSecondsMin, 0}));
  CHECK(difference(TimeStamp{10, 0}, TimeStamp{9, 1}) == TimeSpan{0, 999'999'999});
}

TEST_CASE("zones by number and by name") {
  CHECK(zone_offset("+01:30", 0, nullptr) == 5400);
  CHECK(zone_offset("-11:00", 0, nullptr) == -39600);
  CHECK(zone_offset("02:00", 0, nullptr) == 7200);
  CHECK(zone_offset("UTC", 0, nullptr) == 0);
  CHECK_FALSE(zone_offset("+25:00", 0, nullptr));
  CHECK_FALSE(zone_offset("Europe/Zurich", 0, nullptr));
  int reads = 0;
  TimeZoneFiles zones([&](const std::string& name) -> std::optional<std::string> {
    ++reads;
    std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  });
  CHECK_FALSE(zones.offset_seconds("../etc/passwd", 0));
  CHECK_FALSE(zones.offset_seconds("/etc/passwd", 0));
  CHECK(reads == 0);
  if (!zones.offset_seconds("Europe/Zurich", 0)) return;                 // a machine without zoneinfo files
  CHECK(zones.offset_seconds("Europe/Zurich", 1751328000) == 7200);      // July 2025
  CHECK(zones.offset_seconds("Europe/Zurich", 1735689600) == 3600);      // January 2025
  CHECK(zones.offset_seconds("Europe/Zurich", 4118083200) == 7200);      // July 2100: the rule after the last transition
  CHECK(zones.offset_seconds("Australia/Sydney", 4102444800) == 39600);  // January 2100, summer there
  CHECK(zones.offset_seconds("Asia/Kathmandu", 0) == 19800);
  CHECK_FALSE(zone_file_offset("TZif", 0));
}

}  // namespace plinth::cel
