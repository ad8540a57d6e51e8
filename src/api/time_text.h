// Times and durations as the API writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::api {

// A point in time: seconds since the Unix epoch and nanoseconds of the second.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  // Go's zero time, 0001-01-01T00:00:00Z, which the API treats as unset.
  bool is_zero() const { return seconds == -62135596800 && nanos == 0; }
};

// RFC 3339 with any zone and fraction. With `micro` a fraction of exactly six digits is demanded, as Go's layout of MicroTime does.
// Errors have Go's text.
Result<Timestamp> parse_time(std::string_view text, bool micro = false);
// 2006-01-02T15:04:05Z
std::string time_text(const Timestamp& time);
// 2006-01-02T15:04:05.000000Z
std::string micro_time_text(const Timestamp& time);

// Go's durations ("1h0m0s", "1.5s"), in nanoseconds.
Result<std::int64_t> parse_duration(std::string_view text);
std::string duration_text(std::int64_t nanos);

}  // namespace plinth::api
