#include "base/time_text.h"

#include <limits>

#include <doctest/doctest.h>

namespace plinth {
namespace {

struct TextCase {
  const char* in;
  const char* out;  // null: refused
};

// Recorded from Go's time.ParseDuration and Duration.String.
constexpr TextCase kDurations[] = {
    {"0", "0s"},
    {"0s", "0s"},
    {"1h", "1h0m0s"},
    {"1h30m", "1h30m0s"},
    {"1.5h", "1h30m0s"},
    {"300ms", "300ms"},
    {"-1.5s", "-1.5s"},
    {"1us", "1µs"},
    {"1µs", "1µs"},
    {"1μs", "1µs"},
    {"1ns", "1ns"},
    {"1.5", nullptr},
    {"1d", nullptr},
    {"", nullptr},
    {" 1s", nullptr},
    {"1s ", nullptr},
    {"+5s", "5s"},
    {"-", nullptr},
    {"1h-5m", nullptr},
    {".5s", "500ms"},
    {"5.s", "5s"},
    {".s", nullptr},
    {"9223372036854775807ns", "2562047h47m16.854775807s"},
    {"-9223372036854775808ns", "-2562047h47m16.854775808s"},
    {"9223372036854775808ns", nullptr},
    {"2562047h47m16.854775807s", "2562047h47m16.854775807s"},
    {"2562048h", nullptr},
    {"0.100000000000000000000h", "6m0s"},
    {"1m1m", "2m0s"},
};

// Recorded from time.Parse(time.RFC3339) printed as RFC3339Nano in UTC.
constexpr TextCase kTimes[] = {
    {"2026-11-22T18:00:00Z", "2026-11-22T18:00:00Z"},
    {"2026-11-22T18:00:00.5Z", "2026-11-22T18:00:00.5Z"},
    {"2026-11-22T18:00:00.123456789Z", "2026-11-22T18:00:00.123456789Z"},
    {"2026-11-22T18:00:00,25Z", "2026-11-22T18:00:00.25Z"},
    {"2026-11-22T18:00:00+02:00", "2026-11-22T16:00:00Z"},
    {"2026-11-22T18:00:00-05:30", "2026-11-22T23:30:00Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
    {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
    {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
    {"2023-02-29T00:00:00Z", nullptr},
    {"2026-11-22t18:00:00Z", nullptr},
    {"2026-11-22T18:00:00", nullptr},
    {"2026-11-22T18:00:00z", nullptr},
    {"2026-11-22 18:00:00Z", nullptr},
    {"2026-11-22T24:00:00Z", nullptr},
    {"2026-11-22T18:60:00Z", nullptr},
    {"2026-11-22T18:00:60Z", nullptr},
    {"2026-1-22T18:00:00Z", nullptr},
    {"2026-11-22T8:00:00Z", "2026-11-22T08:00:00Z"},
    {"2026-11-22T18:00:00.Z", nullptr},
    {"2026-11-22T18:00:00.1234567899Z", "2026-11-22T18:00:00.123456789Z"},
    {"2026-11-22T18:00:00+25:00", nullptr},
    {"2026-11-22T18:00:00+24:00", "2026-11-21T18:00:00Z"},
    {"2026-11-22T18:00:00+02:60", "2026-11-22T15:00:00Z"},
    {"2026-11-22T18:00:00+02:61", nullptr},
    {"2026-11-22T18:00:00Zx", nullptr},
    {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
    {"2026-04-31T00:00:00Z", nullptr},
    {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
};

TEST_CASE("durations are Go's") {
  for (const TextCase& c : kDurations) {
    std::string in = c.in;
    CAPTURE(in);
    auto d = parse_duration(c.in);
    REQUIRE(d.has_value() == (c.out != nullptr));
    if (d) CHECK(format_duration(*d) == c.out);
  }
}

TEST_CASE("times are Go's") {
  for (const TextCase& c : kTimes) {
    std::string in = c.in;
    CAPTURE(in);
    auto t = parse_rfc3339(c.in);
    REQUIRE(t.has_value() == (c.out != nullptr));
    if (t) CHECK(format_rfc3339_nano(*t) == c.out);
  }
}

TEST_CASE("times print in the three forms") {
  auto t = parse_rfc3339("2026-11-22T18:00:00.123456789Z");
  CHECK(format_rfc3339(*t) == "2026-11-22T18:00:00Z");
  CHECK(format_rfc3339_micro(*t) == "2026-11-22T18:00:00.123456Z");
  CHECK(format_rfc3339_micro(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(format_rfc3339_nano(1) == "1970-01-01T00:00:00.000000001Z");
  CHECK(format_rfc3339_nano(-1) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("micro times have six digits") {
  CHECK(parse_rfc3339_micro("2026-11-22T18:00:00.123456Z").has_value());
  CHECK(parse_rfc3339_micro("2026-11-22T18:00:00.000000+01:00").has_value());
  CHECK_FALSE(parse_rfc3339_micro("2026-11-22T18:00:00.12345Z").has_value());
  CHECK_FALSE(parse_rfc3339_micro("2026-11-22T18:00:00.1234567Z").has_value());
  CHECK_FALSE(parse_rfc3339_micro("2026-11-22T18:00:00Z").has_value());
}

TEST_CASE("time stamps and nanoseconds") {
  for (std::int64_t ns :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'700'000'000'123'456'789}, std::int64_t{-5'000'000'001}}) {
    CHECK(TimeStamp::of_wall_ns(ns).wall_ns() == ns);
  }
  CHECK(parse_rfc3339("9999-12-31T23:59:59Z")->wall_ns() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_rfc3339("0001-01-01T00:00:00Z")->wall_ns() == std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace plinth
