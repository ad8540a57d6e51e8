#include "workloads/cronjob/cron_schedule.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "base/time_text.h"
#include "workloads/cronjob/missed_times.h"

namespace plinth::workloads {
namespace {

std::int64_t at(const char* text) { return parse_rfc3339(text)->seconds; }

std::string next(const char* schedule, const char* zone, const char* after) {
  const auto parsed = CronSchedule::parse(schedule, TimeZone::find(zone).value());
  REQUIRE(parsed.ok());
  const auto time = parsed->next(at(after));
  return time ? format_rfc3339(*time * 1'000'000'000) : "never";
}

}  // namespace

TEST_CASE("the next time of a schedule") {
  struct Case {
    const char *schedule, *zone, *after, *expected;
  };
  const Case cases[] = {
      {"* * * * *", "UTC", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"},
      {"*/15 * * * *", "UTC", "2026-03-01T10:46:10Z", "2026-03-01T11:00:00Z"},
      {"0 0 1 * *", "UTC", "2026-12-05T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"0 12 * * mon-fri", "UTC", "2026-11-27T12:00:00Z", "2026-11-30T12:00:00Z"},
      {"0 0 13 * 5", "UTC", "2026-11-28T00:00:00Z", "2026-12-04T00:00:00Z"},  // the 13th or a Friday
      {"0 0 13 * *", "UTC", "2026-11-28T00:00:00Z", "2026-12-13T00:00:00Z"},
      {"30 6-16/4 * * 1-5", "UTC", "2026-11-30T14:30:00Z", "2026-12-01T06:30:00Z"},
      {"0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"59 23 31 2 *", "UTC", "2026-03-01T00:00:00Z", "never"},
      {"@daily", "UTC", "2026-03-01T10:00:00Z", "2026-03-02T00:00:00Z"},
      {"@every 90s", "UTC", "2026-03-01T10:00:00Z", "2026-03-01T10:01:30Z"},
      {"0 9 * jan,JUL *", "UTC", "2026-03-01T10:00:00Z", "2026-07-01T09:00:00Z"},
      {"0 9 * * *", "Europe/Berlin", "2026-07-01T10:00:00Z", "2026-07-02T07:00:00Z"},
      {"0 9 * * *", "Europe/Berlin", "2026-12-01T10:00:00Z", "2026-12-02T08:00:00Z"},
      {"TZ=Asia/Kolkata 0 9 * * *", "UTC", "2026-12-01T10:00:00Z", "2026-12-02T03:30:00Z"},
      {"0 0 * * *", "Australia/Sydney", "2026-12-01T10:00:00Z", "2026-12-01T13:00:00Z"},
      // 2:30 does not exist on 29 March 2026 in Berlin: the day is left out, as upstream does.
      {"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
      // 2:30 comes twice on 25 October 2026, the job once.
      {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
      {"0 * * * *", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"},
      // In Ramadan Morocco's clocks go back, by no rule; since September 2026 they stay there.
      {"0 9 * * *", "Africa/Casablanca", "2026-02-20T12:00:00Z", "2026-02-21T09:00:00Z"},
      {"0 9 * * *", "Africa/Casablanca", "2026-06-20T12:00:00Z", "2026-06-21T08:00:00Z"},
      {"0 9 * * *", "Africa/Casablanca", "2027-06-20T12:00:00Z", "2027-06-21T09:00:00Z"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.schedule);
    CAPTURE(c.zone);
    CHECK(next(c.schedule, c.zone, c.after) == c.expected);
  }
}

TEST_CASE("schedules that make no sense") {
  for (const char* text : {"", "* * * *", "61 * * * *", "@never", "TZ=Nowhere/Here * * * * *"}) {
    CAPTURE(text);
    CHECK(!CronSchedule::parse(text, TimeZone::utc()).ok());
  }
  CHECK(!TimeZone::find("Mars/Base"));
}

TEST_CASE("times that were missed") {
  const auto hourly = CronSchedule::parse("0 * * * *", TimeZone::utc()).value();
  const std::int64_t since = at("2026-03-01T10:30:00Z");
  CHECK(!missed_times(hourly, since, at("2026-03-01T10:59:59Z")).latest);
  CHECK(missed_times(hourly, since, at("2026-03-01T11:00:00Z")).latest == at("2026-03-01T11:00:00Z"));
  const MissedTimes some = missed_times(hourly, since, at("2026-03-01T15:20:00Z"));
  CHECK(some.latest == at("2026-03-01T15:00:00Z"));
  CHECK(!some.many);
  CHECK(missed_times(hourly, since, at("2026-04-01T15:20:00Z")).many);
  CHECK(missed_times(CronSchedule::parse("0 0 31 2 *", TimeZone::utc()).value(), since, since + 10).impossible);
}

// Of the machine's own database; empty where there is none. Its first line is "# version 2026f".
std::string machine_zones_version() {
  std::ifstream in("/usr/share/zoneinfo/tzdata.zi");
  std::string hash, word, version;
  in >> hash >> word >> version;
  return version;
}

// Another release has other rules: governments change them.
TEST_CASE("zones have the offsets of the machine's time zone database" *
          doctest::skip(machine_zones_version() != zones_version())) {
  const char* zones[] = {"Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata",
                         "Africa/Casablanca", "Asia/Gaza",        "America/Nuuk",        "Africa/Cairo",     "Pacific/Auckland",
                         "Europe/Dublin",     "Pacific/Chatham",  "Antarctica/Troll",    "Asia/Jerusalem",   "Etc/GMT+5",
                         "America/Vancouver", "America/Edmonton", "America/Winnipeg"};
  const char* before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  for (const char* name : zones) {
    const auto zone = TimeZone::find(name);
    REQUIRE(zone.has_value());
    setenv("TZ", (std::string(":") + name).c_str(), 1);
    tzset();
    std::tm there{};
    for (std::int64_t t = at("2026-01-02T00:00:00Z"); t < at("2034-01-01T00:00:00Z"); t += 3571 * 7) {
      const std::time_t moment = t;
      localtime_r(&moment, &there);
      if (zone->offset_at(t) != there.tm_gmtoff) {
        CAPTURE(std::string_view(name));
        CAPTURE(t);
        CHECK(zone->offset_at(t) == there.tm_gmtoff);
        break;
      }
    }
  }
  if (before != nullptr)
    setenv("TZ", kept.c_str(), 1);
  else
    unsetenv("TZ");
  tzset();
}

}  // namespace plinth::workloads
