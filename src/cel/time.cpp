#include "cel/time.h"

#include <limits>

namespace plinth::cel {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86400;

// Seconds and nanos of one sign; empty past the range.
std::optional<TimeSpan> normalized(std::int64_t seconds, std::int64_t nanos) {
  seconds += nanos / kNanosPerSecond;
  nanos %= kNanosPerSecond;
  if (seconds > 0 && nanos < 0) {
    --seconds;
    nanos += kNanosPerSecond;
  } else if (seconds < 0 && nanos > 0) {
    ++seconds;
    nanos -= kNanosPerSecond;
  }
  std::int64_t total = 0;
  bool overflow = __builtin_mul_overflow(seconds, kNanosPerSecond, &total) || __builtin_add_overflow(total, nanos, &total);
  if (overflow) return std::nullopt;
  return TimeSpan{seconds, static_cast<std::int32_t>(nanos)};
}

bool in_range(TimeStamp t) { return t.seconds >= kTimestampSecondsMin && t.seconds <= kTimestampSecondsMax; }

// Nanoseconds of one unit; 0 for an unknown one.
std::int64_t unit_nanos(std::string_view unit) {
  if (unit == "h") return 3600 * kNanosPerSecond;
  if (unit == "m") return 60 * kNanosPerSecond;
  if (unit == "s") return kNanosPerSecond;
  if (unit == "ms") return 1'000'000;
  if (unit == "us" || unit == "\xC2\xB5s" || unit == "\xCE\xBCs") return 1'000;
  if (unit == "ns") return 1;
  return 0;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// One number with its unit, cut off the front of `text`, in nanoseconds; -1 when malformed or too large.
__int128 take_part(std::string_view& text) {
  constexpr __int128 kLimit = std::numeric_limits<std::int64_t>::max();
  __int128 whole = 0, fraction = 0, scale = 1;
  std::size_t i = 0;
  for (; i < text.size() && digit(text[i]); ++i) {
    whole = whole * 10 + (text[i] - '0');
    if (whole > kLimit) return -1;
  }
  std::size_t digits = i;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && digit(text[i]); ++i, ++digits) {
      if (scale >= static_cast<__int128>(1'000'000'000'000'000)) continue;  // finer than any unit shows
      fraction = fraction * 10 + (text[i] - '0');
      scale *= 10;
    }
  }
  std::size_t unit_from = i;
  while (i < text.size() && text[i] != '.' && !digit(text[i])) ++i;
  std::int64_t unit = unit_nanos(text.substr(unit_from, i - unit_from));
  if (digits == 0 || unit == 0) return -1;
  text.remove_prefix(i);
  return whole * unit + fraction * unit / scale;
}

std::optional<std::int64_t> two_digits(std::string_view text) {
  if (text.size() != 2 || !digit(text[0]) || !digit(text[1])) return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

std::optional<std::int64_t> numeric_zone(std::string_view zone) {
  std::int64_t sign = 1;
  if (zone[0] == '+' || zone[0] == '-') {
    sign = zone[0] == '-' ? -1 : 1;
    zone.remove_prefix(1);
  }
  if (zone.size() != 5 || zone[2] != ':') return std::nullopt;
  auto hours = two_digits(zone.substr(0, 2)), minutes = two_digits(zone.substr(3));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<TimeStamp> parse_timestamp(std::string_view text) {
  auto t = parse_rfc3339(text);
  if (!t || !in_range(*t)) return std::nullopt;
  return t;
}

std::optional<TimeSpan> parse_time_span(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == "0") return TimeSpan{};
  if (text.empty()) return std::nullopt;
  constexpr __int128 kLimit = std::numeric_limits<std::int64_t>::max();
  __int128 total = 0;
  while (!text.empty()) {
    __int128 part = take_part(text);
    if (part < 0) return std::nullopt;
    total += part;
    if (total > kLimit + (negative ? 1 : 0)) return std::nullopt;
  }
  if (negative) total = -total;
  return TimeSpan{static_cast<std::int64_t>(total / kNanosPerSecond), static_cast<std::int32_t>(total % kNanosPerSecond)};
}

std::optional<TimeStamp> add(TimeStamp t, TimeSpan d) {
  std::int64_t seconds = t.seconds + d.seconds;
  std::int64_t nanos = std::int64_t{t.nanos} + d.nanos;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  } else if (nanos >= kNanosPerSecond) {
    nanos -= kNanosPerSecond;
    ++seconds;
  }
  TimeStamp sum{seconds, static_cast<std::int32_t>(nanos)};
  if (!in_range(sum)) return std::nullopt;
  return sum;
}

std::optional<TimeSpan> add(TimeSpan a, TimeSpan b) {
  return normalized(a.seconds + b.seconds, std::int64_t{a.nanos} + b.nanos);
}

std::optional<TimeSpan> difference(TimeStamp a, TimeStamp b) {
  return normalized(a.seconds - b.seconds, std::int64_t{a.nanos} - b.nanos);
}

TimeSpan negated(TimeSpan d) { return {-d.seconds, -d.nanos}; }

CivilTime civil_time(TimeStamp t, std::int64_t offset_seconds) {
  std::int64_t seconds = t.seconds + offset_seconds;
  std::int64_t days = seconds / kSecondsPerDay, of_day = seconds % kSecondsPerDay;
  if (of_day < 0) {
    of_day += kSecondsPerDay;
    --days;
  }
  std::chrono::sys_days day{std::chrono::days{days}};
  std::chrono::year_month_day date{day};
  CivilTime out{};
  out.year = int{date.year()};
  out.month = std::int64_t{unsigned{date.month()}} - 1;
  out.date = unsigned{date.day()};
  out.day = out.date - 1;
  out.weekday = std::chrono::weekday{day}.c_encoding();
  std::chrono::sys_days new_year{date.year() / std::chrono::January / 1};
  out.day_of_year = (day - new_year).count();
  out.hours = of_day / 3600;
  out.minutes = of_day / 60 % 60;
  out.seconds = of_day % 60;
  out.milliseconds = t.nanos / 1'000'000;
  return out;
}

std::optional<std::int64_t> zone_offset(std::string_view zone, std::int64_t unix_seconds, const TimeZones* zones) {
  if (zone.empty() || zone == "UTC" || zone == "Z") return 0;
  bool numeric = zone[0] == '+' || zone[0] == '-' || digit(zone[0]);
  if (numeric) return numeric_zone(zone);
  if (zones == nullptr) return std::nullopt;
  return zones->offset_seconds(zone, unix_seconds);
}

}  // namespace plinth::cel
