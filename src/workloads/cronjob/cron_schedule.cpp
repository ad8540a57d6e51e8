#include "workloads/cronjob/cron_schedule.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "api/strategies/cron_check.h"
#include "base/text.h"
#include "base/time_text.h"

namespace plinth::workloads {
namespace {

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Descriptor {
  std::string_view name, fields;
};
constexpr Descriptor kDescriptors[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                                       {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
                                       {"@hourly", "0 * * * *"}};

bool has(std::uint64_t bits, int n) { return (bits >> n & 1) != 0; }

struct Field {
  int low, high;
  std::span<const std::string_view> names;  // the first one is `low`
};

int number_of(std::string_view text, const Field& field) {
  const auto name = std::find(field.names.begin(), field.names.end(), to_lower(text));
  if (name != field.names.end()) return field.low + static_cast<int>(name - field.names.begin());
  return parse_integer<int>(text).value_or(field.low);
}

// The syntax was checked. `any`: the field is written as * (without a step).
std::uint64_t bits_of(std::string_view text, const Field& field, bool& any) {
  std::uint64_t bits = 0;
  for (const std::string_view part : split(text, ',')) {
    const auto [range, step_text] = cut(part, "/");
    const int step = step_text ? parse_integer<int>(*step_text).value_or(1) : 1;
    int low = field.low, high = field.high;
    if (range == "*" || range == "?") {
      any = any || step == 1;
    } else {
      const auto [first, last] = cut(range, "-");
      low = number_of(first, field);
      high = last ? number_of(*last, field) : step_text ? field.high : low;
    }
    for (int i = low; i <= high; i += step) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (const std::string_view word : split(text, ' ')) {
    for (const std::string_view part : split(word, '\t')) {
      if (!trim(part).empty()) out.push_back(trim(part));
    }
  }
  return out;
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text, TimeZone zone) {
  if (auto problem = api::cron_problem(text)) return bad_request(std::move(*problem));
  CronSchedule out;
  out.zone_ = zone;
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const auto [name, rest] = cut(cut(text, "=").second.value_or(""), " ");
    const auto named = TimeZone::find(name);
    if (!named) return bad_request("provided bad location " + std::string(name) + ": unknown time zone " + std::string(name));
    out.zone_ = *named;
    text = trim(rest.value_or(""));
  }
  constexpr std::string_view kEvery = "@every ";
  if (text.starts_with(kEvery)) {
    const auto duration = parse_duration(text.substr(kEvery.size()));
    if (!duration) return bad_request("failed to parse duration " + std::string(text));
    out.every_s_ = std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(*duration).count());
    return out;
  }
  for (const Descriptor& d : kDescriptors) {
    if (text == d.name) text = d.fields;
  }
  const auto fields = words_of(text);
  if (fields.size() != 5) return bad_request("expected exactly 5 fields, found " + std::to_string(fields.size()));
  bool ignored = false;
  out.minutes_ = bits_of(fields[0], {0, 59, {}}, ignored);
  out.hours_ = bits_of(fields[1], {0, 23, {}}, ignored);
  out.days_ = bits_of(fields[2], {1, 31, {}}, out.any_day_);
  out.months_ = bits_of(fields[3], {1, 12, kMonths}, ignored);
  out.weekdays_ = bits_of(fields[4], {0, 6, kDays}, out.any_weekday_);
  return out;
}

// Where both a day of the month and a day of the week are given, either is enough.
bool CronSchedule::day_matches(const LocalTime& at) const {
  const bool day = has(days_, at.day), weekday = has(weekdays_, at.weekday);
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

// From the largest unit to the smallest: each is advanced until it fits, and where that carries over all begin again.
std::optional<std::int64_t> CronSchedule::next(std::int64_t seconds) const {
  if (every_s_ > 0) return seconds + every_s_;
  constexpr int kYearsAhead = 5;
  std::int64_t t = seconds + 1;
  LocalTime at = zone_.local(t);
  const std::int64_t last_year = at.year + kYearsAhead;
  auto go = [&](std::int64_t to) { at = zone_.local(t = to); };
  bool cut = false;  // smaller units stand at their lowest
  auto cut_to = [&](int month, int day, int hour, int minute) {
    if (!std::exchange(cut, true)) go(zone_.moment(at.year, month, day, hour, minute, 0));
  };
  while (at.year <= last_year) {
    if (!has(months_, at.month)) {
      cut_to(at.month, 1, 0, 0);
      go(zone_.moment(at.year, at.month + 1, at.day, at.hour, at.minute, at.second));
    } else if (!day_matches(at)) {
      cut_to(at.month, at.day, 0, 0);
      go(zone_.moment(at.year, at.month, at.day + 1, at.hour, at.minute, at.second));
      // Clocks that change at midnight: back to the beginning of the day.
      if (at.hour != 0) go(t + (at.hour > 12 ? 24 - at.hour : -at.hour) * std::int64_t{3600});
    } else if (!has(hours_, at.hour)) {
      cut_to(at.month, at.day, at.hour, 0);
      go(t + 3600);
    } else if (!has(minutes_, at.minute)) {
      if (!std::exchange(cut, true)) go(t - at.second);
      go(t + 60);
    } else if (at.second != 0) {
      cut = true;
      go(t + 1);
    } else {
      return t;
    }
  }
  return std::nullopt;
}

}  // namespace plinth::workloads
