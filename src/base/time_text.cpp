#include "base/time_text.h"

#include <limits>

#include <fmt/format.h>

namespace plinth {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

struct CivilDate {
  std::int64_t year;
  int month, day;
};

std::int64_t days_from_civil(CivilDate date) {
  auto ymd = std::chrono::year(static_cast<int>(date.year)) / date.month / date.day;
  return std::chrono::sys_days(ymd).time_since_epoch().count();
}

std::string format_seconds(TimeStamp t) {
  std::int64_t days = t.seconds / kSecondsPerDay, rest = t.seconds % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(days))};
  const int year = static_cast<int>(ymd.year());
  const auto month = static_cast<unsigned>(ymd.month()), day = static_cast<unsigned>(ymd.day());
  if (year < 0 || year > 9999)
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year, month, day, rest / 3600, rest / 60 % 60, rest % 60);
  // Twice in each write.
  std::string out = "0000-00-00T00:00:00";
  const auto put = [&](std::size_t at, std::int64_t n) {
    out[at] = static_cast<char>('0' + n / 10);
    out[at + 1] = static_cast<char>('0' + n % 10);
  };
  put(0, year / 100), put(2, year % 100), put(5, month), put(8, day);
  put(11, rest / 3600), put(14, rest / 60 % 60), put(17, rest % 60);
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads text from the front; every take fails on what does not fit.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits that make a number in [low, high].
  bool take_number(std::size_t digits, int low, int high, int& out) {
    if (text_.size() < digits) return false;
    out = 0;
    for (char c : text_.substr(0, digits)) {
      if (!is_digit(c)) return false;
      out = out * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return out >= low && out <= high;
  }
  // Digits after a point as nanoseconds; digits past the ninth are cut off. The number of digits read.
  std::size_t take_fraction(std::int32_t& nanos) {
    std::size_t count = 0;
    nanos = 0;
    for (; count < text_.size() && is_digit(text_[count]); ++count) {
      if (count < 9) nanos = nanos * 10 + (text_[count] - '0');
    }
    for (std::size_t i = count; i < 9; ++i) nanos *= 10;
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
};

bool take_date_and_time(Cursor& cursor, std::int64_t& seconds) {
  int year, month, day, hour, minute, second;
  bool ok = cursor.take_number(4, 0, 9999, year) && cursor.take('-') && cursor.take_number(2, 1, 12, month) &&
            cursor.take('-') && cursor.take_number(2, 1, 31, day) && cursor.take('T') &&
            (cursor.take_number(2, 0, 23, hour) || cursor.take_number(1, 0, 9, hour)) && cursor.take(':') &&
            cursor.take_number(2, 0, 59, minute) && cursor.take(':') && cursor.take_number(2, 0, 59, second);
  if (!ok) return false;
  if (!(std::chrono::year(year) / month / day).ok()) return false;
  seconds = days_from_civil({year, month, day}) * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  return true;
}

bool take_zone(Cursor& cursor, std::int64_t& offset_seconds) {
  offset_seconds = 0;
  if (cursor.take('Z')) return true;
  bool east = cursor.take('+');
  if (!east && !cursor.take('-')) return false;
  int hours, minutes;
  if (!cursor.take_number(2, 0, 24, hours) || !cursor.take(':') || !cursor.take_number(2, 0, 60, minutes)) return false;
  offset_seconds = (hours * 3600 + minutes * 60) * (east ? 1 : -1);
  return true;
}

std::optional<TimeStamp> parse_time(std::string_view text, std::optional<std::size_t> fraction_digits) {
  Cursor cursor(text);
  TimeStamp out;
  if (!take_date_and_time(cursor, out.seconds)) return std::nullopt;
  std::size_t digits = 0;
  if (cursor.take('.') || cursor.take(',')) {
    digits = cursor.take_fraction(out.nanos);
    if (digits == 0) return std::nullopt;
  }
  if (fraction_digits && digits != *fraction_digits) return std::nullopt;
  std::int64_t offset;
  if (!take_zone(cursor, offset) || !cursor.at_end()) return std::nullopt;
  out.seconds -= offset;
  return out;
}

struct Unit {
  std::string_view name;
  std::uint64_t nanos;
};
constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1'000},        {"\xC2\xB5s", 1'000},  {"\xCE\xBCs", 1'000},
                           {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
constexpr std::uint64_t kDurationMax = std::uint64_t{1} << 63;  // of a negative one; a positive one is one less

// Takes one "12.5ms" off the text and adds it to `total`.
bool take_part(std::string_view& text, std::uint64_t& total) {
  std::uint64_t whole = 0, fraction = 0;
  double scale = 1;
  std::size_t i = 0, digits = 0;
  for (; i < text.size() && is_digit(text[i]); ++i, ++digits) {
    if (whole > kDurationMax / 10) return false;
    whole = whole * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_digit(text[i]); ++i, ++digits) {
      if (fraction > (kDurationMax - 10) / 10) continue;  // too fine to matter
      fraction = fraction * 10 + static_cast<std::uint64_t>(text[i] - '0');
      scale *= 10;
    }
  }
  if (digits == 0) return false;
  std::size_t end = i;
  while (end < text.size() && text[end] != '.' && !is_digit(text[end])) ++end;
  std::string_view name = text.substr(i, end - i);
  text.remove_prefix(end);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (whole > kDurationMax / unit.nanos) return false;
    total += whole * unit.nanos +
             static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(unit.nanos) / scale));
    return total <= kDurationMax;
  }
  return false;
}

std::string with_fraction(std::uint64_t value, std::uint64_t unit, std::string_view name) {
  std::string out = std::to_string(value / unit);
  std::uint64_t rest = value % unit;
  if (rest != 0) {
    std::string digits = std::to_string(unit + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    out += '.' + digits;
  }
  return out.append(name);
}

}  // namespace

TimeStamp TimeStamp::of_wall_ns(std::int64_t wall_ns) {
  std::int64_t seconds = wall_ns / kNanosPerSecond, nanos = wall_ns % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  return {seconds, static_cast<std::int32_t>(nanos)};
}

std::int64_t TimeStamp::wall_ns() const {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max(), kMin = std::numeric_limits<std::int64_t>::min();
  if (seconds > kMax / kNanosPerSecond - 1) return kMax;
  if (seconds < kMin / kNanosPerSecond) return kMin;
  return seconds * kNanosPerSecond + nanos;
}

std::string format_rfc3339(TimeStamp t) { return format_seconds(t) + "Z"; }
std::string format_rfc3339_micro(TimeStamp t) { return fmt::format("{}.{:06}Z", format_seconds(t), t.nanos / 1000); }

std::string format_rfc3339_nano(TimeStamp t) {
  std::string out = format_seconds(t);
  if (t.nanos != 0) {
    out += fmt::format(".{:09}", t.nanos);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

std::optional<TimeStamp> parse_rfc3339(std::string_view text) { return parse_time(text, std::nullopt); }
std::optional<TimeStamp> parse_rfc3339_micro(std::string_view text) { return parse_time(text, 6); }

std::string format_duration(std::chrono::nanoseconds d) {
  if (d.count() == 0) return "0s";
  auto magnitude = static_cast<std::uint64_t>(d.count());
  std::string sign;
  if (d.count() < 0) {
    magnitude = 0 - magnitude;
    sign = "-";
  }
  if (magnitude < 1'000) return sign + with_fraction(magnitude, 1, "ns");
  if (magnitude < 1'000'000) return sign + with_fraction(magnitude, 1'000, "\xC2\xB5s");
  if (magnitude < 1'000'000'000) return sign + with_fraction(magnitude, 1'000'000, "ms");
  std::uint64_t minutes = magnitude / 60'000'000'000;
  std::string seconds = with_fraction(magnitude % 60'000'000'000, 1'000'000'000, "s");
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    if (!take_part(text, total)) return std::nullopt;
  }
  if (!negative && total == kDurationMax) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(negative ? 0 - total : total));
}

}  // namespace plinth
