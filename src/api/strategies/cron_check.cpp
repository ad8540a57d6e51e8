#include "api/strategies/cron_check.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <vector>

#include <fmt/core.h>

namespace plinth::api {
namespace {

using Problem = std::optional<std::string>;

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRule {
  int low, high;
  std::span<const std::string_view> names;  // the first one is `low`
};
const FieldRule kFields[] = {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonths}, {0, 6, kDays}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) break;
    const std::size_t end = text.find_first_of(separators, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return parts;
}

// A number or a name of the field; -1 when it is neither.
int number_of(std::string_view text, const FieldRule& rule) {
  const auto name = std::find(rule.names.begin(), rule.names.end(), lower(text));
  if (name != rule.names.end()) return rule.low + static_cast<int>(name - rule.names.begin());
  if (text.empty() || text.size() > 4 ||
      !std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return -1;
  }
  return std::stoi(std::string(text));
}

// "*", "?", "5", "1-5", each with an optional "/step".
Problem range_problem(std::string_view text, const FieldRule& rule) {
  const std::size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  const std::size_t dash = range.find('-');
  int low = rule.low, high = rule.high;
  if (range != "*" && range != "?") {
    const std::string_view first = range.substr(0, dash);
    low = number_of(first, rule);
    if (low < 0) return fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": invalid syntax", first, first);
    high = slash != std::string_view::npos && dash == std::string_view::npos ? rule.high : low;
    if (dash != std::string_view::npos) {
      const std::string_view last = range.substr(dash + 1);
      if (last.find('-') != std::string_view::npos) return fmt::format("too many hyphens: {}", text);
      high = number_of(last, rule);
      if (high < 0) return fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": invalid syntax", last, last);
    }
  }
  if (slash != std::string_view::npos) {
    const std::string_view step = text.substr(slash + 1);
    if (step.find('/') != std::string_view::npos) return fmt::format("too many slashes: {}", text);
    const int number = number_of(step, {0, 0, {}});
    if (number < 0) return fmt::format("failed to parse int from {}: strconv.Atoi: parsing \"{}\": invalid syntax", step, step);
    if (number == 0) return fmt::format("step of range should be a positive number: {}", text);
  }
  if (low < rule.low) return fmt::format("beginning of range ({}) below minimum ({}): {}", low, rule.low, text);
  if (high > rule.high) return fmt::format("end of range ({}) above maximum ({}): {}", high, rule.high, text);
  if (low > high) return fmt::format("beginning of range ({}) beyond end of range ({}): {}", low, high, text);
  return std::nullopt;
}

// Go durations that @every takes: "1h30m", "10s".
bool is_duration(std::string_view text) {
  bool digits = false, units = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) || (text[i] == '.' && digits)) {
      digits = true;
      continue;
    }
    if (!digits || std::string_view("hms").find(text[i]) == std::string_view::npos) return false;
    if (text[i] == 'm' && i + 1 < text.size() && text[i + 1] == 's') ++i;
    digits = false;
    units = true;
  }
  return units && !digits;
}

Problem descriptor_problem(std::string_view text) {
  for (const std::string_view known : {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}) {
    if (text == known) return std::nullopt;
  }
  constexpr std::string_view kEvery = "@every ";
  if (!text.starts_with(kEvery)) return fmt::format("unrecognized descriptor: {}", text);
  if (is_duration(text.substr(kEvery.size()))) return std::nullopt;
  return fmt::format("failed to parse duration {}", text);
}

}  // namespace

std::optional<std::string> cron_problem(std::string_view schedule) {
  if (schedule.empty()) return "empty spec string";
  if (schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=")) {
    const std::size_t space = schedule.find(' ');
    if (space == std::string_view::npos) return fmt::format("expected exactly 5 fields, found 0: []");
    schedule.remove_prefix(std::min(schedule.find_first_not_of(' ', space), schedule.size()));
  }
  if (schedule.starts_with('@')) return descriptor_problem(schedule);
  const std::vector<std::string_view> fields = split(schedule, " \t\n");
  if (fields.size() != std::size(kFields)) {
    std::string list;
    for (const std::string_view field : fields) list.append(list.empty() ? "" : " ").append(field);
    return fmt::format("expected exactly {} fields, found {}: [{}]", std::size(kFields), fields.size(), list);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (const std::string_view range : split(fields[i], ",")) {
      if (Problem problem = range_problem(range, kFields[i])) return problem;
    }
  }
  return std::nullopt;
}

}  // namespace plinth::api
