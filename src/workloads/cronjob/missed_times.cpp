#include "workloads/cronjob/missed_times.h"

namespace plinth::workloads {

MissedTimes missed_times(const CronSchedule& schedule, std::int64_t since, std::int64_t now) {
  constexpr std::int64_t kMany = 100;
  MissedTimes out;
  const auto first = schedule.next(since);
  if (!first) {
    out.impossible = true;
    return out;
  }
  if (now < *first) return out;
  const auto second = schedule.next(*first);
  if (!second || now < *second) {
    out.latest = *first;
    return out;
  }
  // Not counted one by one: a clock that was wrong by years would cost as many steps.
  const std::int64_t between = *second - *first;
  const std::int64_t missed = (now - *first) / between + 1;
  out.any = missed > 0;
  out.many = missed > kMany;
  for (auto t = schedule.next(*first + (missed - 2) * between); t && *t <= now; t = schedule.next(*t)) out.latest = *t;
  return out;
}

}  // namespace plinth::workloads
