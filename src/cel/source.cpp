#include "cel/source.h"

#include <algorithm>

#include <fmt/core.h>

#include "cel/number.h"

namespace plinth::cel {

Location location_of(std::string_view source, std::uint32_t offset) {
  std::string_view before = source.substr(0, std::min<std::size_t>(offset, source.size()));
  auto line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  std::size_t start = before.rfind('\n');
  start = start == std::string_view::npos ? 0 : start + 1;
  return {line + 1, static_cast<std::uint32_t>(code_points(before.substr(start)))};
}

std::string describe(std::string_view source, std::uint32_t offset, std::string_view message, std::string_view input_name) {
  Location at = location_of(source, offset);
  std::size_t end_of_before = std::min<std::size_t>(offset, source.size());
  std::size_t start = end_of_before == 0 ? std::string_view::npos : source.rfind('\n', end_of_before - 1);
  start = start == std::string_view::npos ? 0 : start + 1;
  std::string_view line = source.substr(start, source.find('\n', start) - start);
  std::string shown(line);
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  return fmt::format("ERROR: {}:{}:{}: {}\n | {}\n | {}^", input_name, at.line, at.column + 1, message, shown,
                     std::string(at.column, '.'));
}

void Issues::add(std::uint32_t position, std::string message) {
  if (issues_.size() < kIssuesMax) issues_.push_back({position, std::move(message)});
}

Error Issues::error(std::string_view source, std::string_view input_name) const {
  std::vector<Issue> sorted = issues_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Issue& a, const Issue& b) { return a.position < b.position; });
  std::string text;
  for (const Issue& issue : sorted) {
    if (!text.empty()) text += "\n";
    text += describe(source, issue.position, issue.message, input_name);
  }
  return Error(Reason::kInvalid, text);
}

}  // namespace plinth::cel
