// Local time of the zones that a CronJob may name, from 2026 on. The rules are part of the program: which hour it is somewhere
// does not depend on the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plinth::workloads {

struct LocalTime {
  std::int64_t year;
  int month, day;  // from 1
  int hour, minute, second;
  int weekday;  // 0 is Sunday
};

// A change of the offset: seconds since the epoch, seconds east of UTC from then on.
struct ZoneChange {
  std::int64_t at;
  std::int32_t offset;
};

// The release of the IANA time zone database that the rules are of. tools/zones makes them anew.
std::string_view zones_version();

class TimeZone {
 public:
  static TimeZone utc() { return TimeZone(); }
  static std::optional<TimeZone> find(std::string_view name);

  // Seconds east of UTC at a moment.
  std::int32_t offset_at(std::int64_t seconds) const;
  LocalTime local(std::int64_t seconds) const;
  // The moment of a local time; fields beyond their range carry over. Of a time that does not exist (clocks went forward) a
  // moment beside the gap, of one that exists twice one of the two: the same ones that Go's time.Date picks.
  std::int64_t moment(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour, std::int64_t minute,
                      std::int64_t second) const;

 private:
  // "M3.5.0/2": a day of a year, and the time of that day.
  struct Turn {
    int month = 0, week = 0, weekday = 0;
    std::int32_t seconds = 0;
  };
  static std::optional<TimeZone> parse_rule(std::string_view rule);
  static std::int64_t turn_at(const Turn& turn, std::int64_t year, std::int32_t offset_before);

  std::int32_t standard_ = 0, summer_ = 0;
  bool changes_ = false;
  Turn to_summer_, to_standard_;
  const ZoneChange* irregular_ = nullptr;  // for the years of the table
  std::size_t irregular_count_ = 0;
};

}  // namespace plinth::workloads
