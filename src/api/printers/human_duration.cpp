#include "api/printers/human_duration.h"

#include <fmt/core.h>

#include "base/time_text.h"

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
  const auto parsed = parse_rfc3339(text);
  return parsed ? std::optional(parsed->seconds) : std::nullopt;
}

std::string age(std::string_view timestamp, std::int64_t now_s) {
  const auto then = parse_timestamp(timestamp);
  return then ? human_duration(now_s - *then) : "<unknown>";
}

}  // namespace plinth::api
