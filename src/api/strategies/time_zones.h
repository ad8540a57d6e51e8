// The names of the time zones of the IANA database: which zone a CronJob may name does not depend on the machine.
#pragma once

#include <string_view>

namespace plinth::api {

// "Europe/Berlin", "UTC", links included. Names are case-sensitive.
bool is_time_zone(std::string_view name);

}  // namespace plinth::api
