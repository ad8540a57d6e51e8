// Points in time and durations as text, in the forms of Kubernetes' API.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plinth {

// A point in time; the range is years 0 to 9999, more than nanoseconds in 64 bits can hold.
struct TimeStamp {
  std::int64_t seconds = 0;  // since the Unix epoch
  std::int32_t nanos = 0;    // 0 to 999,999,999

  static TimeStamp of_wall_ns(std::int64_t wall_ns);
  std::int64_t wall_ns() const;  // saturates
  friend auto operator<=>(const TimeStamp&, const TimeStamp&) = default;
};

// "2026-11-22T18:00:00Z": metav1.Time. The fraction is cut off.
std::string format_rfc3339(TimeStamp t);
// With six digits of fraction: metav1.MicroTime.
std::string format_rfc3339_micro(TimeStamp t);
// With as many digits of fraction as needed, none for whole seconds (Go's RFC3339Nano).
std::string format_rfc3339_nano(TimeStamp t);
inline std::string format_rfc3339(std::int64_t wall_ns) { return format_rfc3339(TimeStamp::of_wall_ns(wall_ns)); }
inline std::string format_rfc3339_micro(std::int64_t wall_ns) { return format_rfc3339_micro(TimeStamp::of_wall_ns(wall_ns)); }
inline std::string format_rfc3339_nano(std::int64_t wall_ns) { return format_rfc3339_nano(TimeStamp::of_wall_ns(wall_ns)); }

// Any zone and any fraction, as time.Parse(time.RFC3339) accepts; empty when malformed.
std::optional<TimeStamp> parse_rfc3339(std::string_view text);
// Exactly six digits of fraction, as metav1.MicroTime demands.
std::optional<TimeStamp> parse_rfc3339_micro(std::string_view text);

// Go's time.Duration text: "1h30m0s", "1.5s", "300ms", "0s".
std::string format_duration(std::chrono::nanoseconds d);
// Sequences of decimal numbers with units (h, m, s, ms, us, µs, ns), an optional sign, or "0"; empty when malformed or too
// large.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace plinth
