// Ages as kubectl prints them ("5m30s", "2d4h") and the time stamps they are made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::api {

// Two units at most, coarser as it grows. Up to one second in the future counts as now; more is "<invalid>".
std::string human_duration(std::int64_t seconds);

// RFC 3339 with any offset and fraction ("2024-05-01T10:00:00.25+02:00") as Unix seconds, the fraction dropped.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

// Age of a time stamp; "<unknown>" when it is empty or not a time.
std::string age(std::string_view timestamp, std::int64_t now_s);

}  // namespace plinth::api
