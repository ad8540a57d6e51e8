// Cron schedules: when next. The standard form of github.com/robfig/cron (five fields, names, steps, descriptors), with its
// rules for days and for hours that do not exist or come twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "workloads/cronjob/time_zone.h"

namespace plinth::workloads {

class CronSchedule {
 public:
  // `zone` holds unless the schedule begins with TZ= or CRON_TZ=. An error says what is wrong, in the words of the API's
  // validation.
  static Result<CronSchedule> parse(std::string_view text, TimeZone zone);

  // The first time after `seconds` (since the epoch); nothing when there is none within five years.
  std::optional<std::int64_t> next(std::int64_t seconds) const;

 private:
  bool day_matches(const LocalTime& at) const;
  std::uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  bool any_day_ = false, any_weekday_ = false;  // written as *
  std::int64_t every_s_ = 0;                    // of @every
  TimeZone zone_;
};

}  // namespace plinth::workloads
