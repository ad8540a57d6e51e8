// Times of objects: base/time_text.h with Go's errors.
#pragma once

#include <string>
#include <string_view>

#include "api/time_error.h"
#include "base/result.h"
#include "base/time_text.h"

namespace plinth::api {

struct Timestamp : TimeStamp {
  // Go's zero time, 0001-01-01T00:00:00Z, which the API treats as unset.
  bool is_zero() const { return seconds == -62135596800 && nanos == 0; }
};

// RFC 3339 with any zone and fraction; exactly six digits of it with `micro`.
inline Result<Timestamp> parse_time(std::string_view text, bool micro = false) {
  const auto parsed = micro ? parse_rfc3339_micro(text) : parse_rfc3339(text);
  if (!parsed) return bad_request(time_error(text, micro));
  return Timestamp{*parsed};
}
inline std::string time_text(const TimeStamp& time) { return format_rfc3339(time); }
inline std::string micro_time_text(const TimeStamp& time) { return format_rfc3339_micro(time); }

}  // namespace plinth::api
