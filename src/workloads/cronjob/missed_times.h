// Which of a schedule's times a CronJob has not had its job for.
#pragma once

#include <cstdint>
#include <optional>

#include "workloads/cronjob/cron_schedule.h"

namespace plinth::workloads {

// All times in seconds since the epoch.
struct MissedTimes {
  std::optional<std::int64_t> latest;  // that is due
  bool any = false;                    // more than the latest were missed
  bool many = false;                   // more than a hundred
  bool impossible = false;             // the schedule never comes
};

// Times after `since` up to `now`.
MissedTimes missed_times(const CronSchedule& schedule, std::int64_t since, std::int64_t now);

}  // namespace plinth::workloads
