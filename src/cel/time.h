// Timestamps and durations: text forms, arithmetic in range, calendar fields, time zones.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/time_text.h"
#include "cel/value.h"

namespace plinth::cel {

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. Durations are what 64 bits of nanoseconds hold, about 292 years.
constexpr std::int64_t kTimestampSecondsMin = -62135596800;
constexpr std::int64_t kTimestampSecondsMax = 253402300799;

// RFC 3339 within the range; empty when malformed or outside.
std::optional<TimeStamp> parse_timestamp(std::string_view text);
// Go's duration text within the range.
std::optional<TimeSpan> parse_time_span(std::string_view text);

std::optional<TimeStamp> add(TimeStamp t, TimeSpan d);
std::optional<TimeSpan> add(TimeSpan a, TimeSpan b);
std::optional<TimeSpan> difference(TimeStamp a, TimeStamp b);
TimeSpan negated(TimeSpan d);

// A point in time as a calendar shows it at an offset from UTC.
struct CivilTime {
  std::int64_t year;
  std::int64_t month;        // 0-11
  std::int64_t day;          // of the month, 0-30
  std::int64_t date;         // of the month, 1-31
  std::int64_t weekday;      // 0 Sunday
  std::int64_t day_of_year;  // 0-365
  std::int64_t hours, minutes, seconds, milliseconds;
};
CivilTime civil_time(TimeStamp t, std::int64_t offset_seconds);

// Names of time zones. Thread-safe.
class TimeZones {
 public:
  virtual ~TimeZones() = default;
  // Seconds east of UTC at that moment; empty for an unknown name.
  virtual std::optional<std::int64_t> offset_seconds(std::string_view name, std::int64_t unix_seconds) const = 0;
};

// "UTC", "", "Z", "+hh:mm", "-hh:mm", "hh:mm", or a name that `zones` (may be null) knows.
std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds, const TimeZones* zones);

}  // namespace plinth::cel
