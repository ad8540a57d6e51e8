#include "cli/output.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/yaml.h"

namespace plinth::cli {

Result<std::string> data_format(const Arguments& arguments, const std::vector<std::string>& others) {
  const std::string format = argument(arguments, "output");
  std::vector<std::string> known = {"json", "yaml"};
  known.insert(known.end(), others.begin(), others.end());
  if (format.empty() || std::find(known.begin(), known.end(), format) != known.end()) return format;
  return bad_request("--output " + format + ": use one of " + join(known, ", "));
}

std::string data_text(const Value& value, const std::string& format) {
  return format == "yaml" ? to_yaml(value) : to_pretty_json(value) + "\n";
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string TextTable::text() const {
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], character_count(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - character_count(row[i]) + kGap, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string age_text(std::string_view since, std::int64_t wall_ns) {
  const auto time = parse_rfc3339(since);
  if (!time) return "<unknown>";
  constexpr std::int64_t kNsPerSecond = 1'000'000'000, kMinute = 60, kHour = 3600, kDay = 86400, kYear = 365 * kDay;
  const std::int64_t s = std::max<std::int64_t>(0, (wall_ns - time->wall_ns()) / kNsPerSecond);
  const auto two = [](std::int64_t a, const char* unit_a, std::int64_t b, const char* unit_b) {
    return std::to_string(a) + unit_a + (b == 0 ? "" : std::to_string(b) + unit_b);
  };
  if (s < 2 * kMinute) return std::to_string(s) + "s";
  if (s < 10 * kMinute) return two(s / kMinute, "m", s % kMinute, "s");
  if (s < 3 * kHour) return std::to_string(s / kMinute) + "m";
  if (s < 8 * kHour) return two(s / kHour, "h", s % kHour / kMinute, "m");
  if (s < 2 * kDay) return std::to_string(s / kHour) + "h";
  if (s < 8 * kDay) return two(s / kDay, "d", s % kDay / kHour, "h");
  if (s < 2 * kYear) return std::to_string(s / kDay) + "d";
  if (s < 8 * kYear) return two(s / kYear, "y", s % kYear / kDay, "d");
  return std::to_string(s / kYear) + "y";
}

}  // namespace plinth::cli
