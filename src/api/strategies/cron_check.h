// What is wrong with a cron schedule, as github.com/robfig/cron (standard form: five fields or a descriptor) sees it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plinth::api {

// The first problem; nothing when the schedule is fine. A TZ= or CRON_TZ= prefix is looked past.
std::optional<std::string> cron_problem(std::string_view schedule);

}  // namespace plinth::api
