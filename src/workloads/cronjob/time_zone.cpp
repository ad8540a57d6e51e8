#include "workloads/cronjob/time_zone.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace plinth::workloads {
namespace {

struct ZoneRule {
  std::string_view name, rule;
};
constexpr ZoneRule kRules[] = {
#include "workloads/cronjob/zone_rules.inc"
};

struct IrregularZone {
  std::string_view name;
  std::span<const ZoneChange> changes;
};
#include "workloads/cronjob/zone_changes.inc"

constexpr std::int64_t kDay = 86400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since the epoch of a date of the Gregorian calendar (month from 1).
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year += floor_div(month - 1, 12);
  month = month - 1 - floor_div(month - 1, 12) * 12 + 1;
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468 + day - 1;
}

LocalTime fields_of(std::int64_t seconds) {
  const std::int64_t days = floor_div(seconds, kDay);
  const std::int64_t of_day = seconds - days * kDay;
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = floor_div(shifted, 146097);
  const std::int64_t of_era = shifted - era * 146097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * of_year + 2) / 153;
  LocalTime out{};
  out.day = static_cast<int>(of_year - (153 * shifted_month + 2) / 5 + 1);
  out.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  out.year = year_of_era + era * 400 + (out.month <= 2 ? 1 : 0);
  out.hour = static_cast<int>(of_day / 3600);
  out.minute = static_cast<int>(of_day / 60 % 60);
  out.second = static_cast<int>(of_day % 60);
  out.weekday = static_cast<int>(days + 4 - floor_div(days + 4, 7) * 7);
  return out;
}

// Reads the parts of a POSIX rule, "EST5EDT,M3.2.0,M11.1.0".
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool skip(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_name() {
    if (skip('<')) {
      while (!text_.empty() && !skip('>')) text_.remove_prefix(1);
      return;
    }
    while (!text_.empty() && std::isalpha(static_cast<unsigned char>(text_[0])) != 0) text_.remove_prefix(1);
  }
  int number() {
    int out = 0;
    while (!text_.empty() && std::isdigit(static_cast<unsigned char>(text_[0])) != 0) {
      out = out * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return out;
  }
  // "-1:30" in seconds.
  std::int32_t time() {
    const bool negative = skip('-');
    if (!negative) skip('+');
    std::int32_t out = number() * 3600;
    if (skip(':')) out += number() * 60;
    if (skip(':')) out += number();
    return negative ? -out : out;
  }
  bool starts_with_time() const {
    return !text_.empty() && (text_[0] == '-' || text_[0] == '+' || std::isdigit(static_cast<unsigned char>(text_[0])) != 0);
  }

 private:
  std::string_view text_;
};

}  // namespace

std::string_view zones_version() { return kZonesVersion; }

std::optional<TimeZone> TimeZone::parse_rule(std::string_view rule) {
  constexpr std::int32_t kUsualTurn = 7200;
  TimeZone out;
  RuleReader reader(rule);
  reader.skip_name();
  out.standard_ = out.summer_ = -reader.time();
  if (reader.done()) return out;
  reader.skip_name();
  out.summer_ = reader.starts_with_time() ? -reader.time() : out.standard_ + 3600;
  out.changes_ = true;
  for (Turn* turn : {&out.to_summer_, &out.to_standard_}) {
    if (!reader.skip(',') || !reader.skip('M')) return std::nullopt;
    turn->month = reader.number();
    reader.skip('.');
    turn->week = reader.number();
    reader.skip('.');
    turn->weekday = reader.number();
    turn->seconds = reader.skip('/') ? reader.time() : kUsualTurn;
  }
  return out;
}

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  const auto found = std::lower_bound(std::begin(kRules), std::end(kRules), name,
                                      [](const ZoneRule& rule, std::string_view wanted) { return rule.name < wanted; });
  if (found == std::end(kRules) || found->name != name) return std::nullopt;
  auto zone = parse_rule(found->rule);
  for (const IrregularZone& irregular : kIrregular) {
    if (!zone || irregular.name != name) continue;
    zone->irregular_ = irregular.changes.data();
    zone->irregular_count_ = irregular.changes.size();
  }
  return zone;
}

// The given weekday in the given week of the month, 5 being the last one.
std::int64_t TimeZone::turn_at(const Turn& turn, std::int64_t year, std::int32_t offset_before) {
  const std::int64_t first = days_of(year, turn.month, 1);
  const std::int64_t first_weekday = first + 4 - floor_div(first + 4, 7) * 7;
  std::int64_t day = first + (turn.weekday - first_weekday + 7) % 7 + std::int64_t{7} * (turn.week - 1);
  if (day >= days_of(year, turn.month + 1, 1)) day -= 7;
  return day * kDay + turn.seconds - offset_before;
}

std::int32_t TimeZone::offset_at(std::int64_t seconds) const {
  const std::span<const ZoneChange> known(irregular_, irregular_count_);
  if (!known.empty() && seconds >= known.front().at && seconds < known.back().at) {
    const auto after = std::upper_bound(known.begin(), known.end(), seconds,
                                        [](std::int64_t at, const ZoneChange& change) { return at < change.at; });
    return std::prev(after)->offset;
  }
  if (!changes_) return standard_;
  const std::int64_t year = fields_of(seconds + standard_).year;
  const std::int64_t summer = turn_at(to_summer_, year, standard_), winter = turn_at(to_standard_, year, summer_);
  // South of the equator summer goes over the turn of the year.
  const bool is_summer = summer < winter ? seconds >= summer && seconds < winter : seconds >= summer || seconds < winter;
  return is_summer ? summer_ : standard_;
}

LocalTime TimeZone::local(std::int64_t seconds) const { return fields_of(seconds + offset_at(seconds)); }

std::int64_t TimeZone::moment(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour, std::int64_t minute,
                              std::int64_t second) const {
  const std::int64_t local = days_of(year, month, 1) * kDay + (day - 1) * kDay + hour * 3600 + minute * 60 + second;
  const std::int32_t offset = offset_at(local);
  const std::int32_t better = offset_at(local - offset);
  return local - better;
}

}  // namespace plinth::workloads
