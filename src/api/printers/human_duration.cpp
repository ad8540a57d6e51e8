#include "api/printers/human_duration.h"

#include <fmt/core.h>

namespace plinth::api {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;

std::string two_units(std::int64_t big, char big_unit, std::int64_t small, char small_unit) {
  if (small == 0) return fmt::format("{}{}", big, big_unit);
  return fmt::format("{}{}{}{}", big, big_unit, small, small_unit);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}
  // Exactly `count` digits; -1 when they are not there.
  int number(std::size_t count) {
    if (rest_.size() < count) return -1;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool skip(char a, char b) {
    if (rest_.empty() || (rest_[0] != a && rest_[0] != b)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool skip(char c) { return skip(c, c); }
  // A fraction without digits does not count.
  bool skip_fraction() {
    std::size_t n = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') ++n;
    rest_.remove_prefix(n);
    return n > 0;
  }
  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_[0]; }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> parse_offset(Digits& in) {
  if (in.skip('Z', 'z')) return 0;
  const bool west = in.peek() == '-';
  if (!in.skip('+', '-')) return std::nullopt;
  const int hours = in.number(2);
  if (!in.skip(':')) return std::nullopt;
  const int minutes = in.number(2);
  if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59) return std::nullopt;
  const std::int64_t offset = hours * kHour + minutes * kMinute;
  return west ? -offset : offset;
}

}  // namespace

std::string human_duration(std::int64_t seconds) {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * kMinute) return fmt::format("{}s", seconds);
  if (seconds < 10 * kMinute) return two_units(seconds / kMinute, 'm', seconds % kMinute, 's');
  if (seconds < 3 * kHour) return fmt::format("{}m", seconds / kMinute);
  if (seconds < 8 * kHour) return two_units(seconds / kHour, 'h', seconds / kMinute % 60, 'm');
  if (seconds < 2 * kDay) return fmt::format("{}h", seconds / kHour);
  if (seconds < 8 * kDay) return two_units(seconds / kDay, 'd', seconds / kHour % 24, 'h');
  if (seconds < 2 * kYear) return fmt::format("{}d", seconds / kDay);
  if (seconds < 8 * kYear) return two_units(seconds / kYear, 'y', seconds / kDay % 365, 'd');
  return fmt::format("{}y", seconds / kYear);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  Digits in(text);
  const int year = in.number(4);
  if (!in.skip('-')) return std::nullopt;
  const int month = in.number(2);
  if (!in.skip('-')) return std::nullopt;
  const int day = in.number(2);
  if (!in.skip('T', 't')) return std::nullopt;
  const int hour = in.number(2);
  if (!in.skip(':')) return std::nullopt;
  const int minute = in.number(2);
  if (!in.skip(':')) return std::nullopt;
  const int second = in.number(2);
  if (in.skip('.') && !in.skip_fraction()) return std::nullopt;
  const auto offset = parse_offset(in);
  if (!offset || !in.done() || year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const std::int64_t days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return days * kDay + hour * kHour + minute * kMinute + second - *offset;
}

std::string age(std::string_view timestamp, std::int64_t now_s) {
  const auto then = parse_timestamp(timestamp);
  return then ? human_duration(now_s - *then) : "<unknown>";
}

}  // namespace plinth::api
