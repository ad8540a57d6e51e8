#include "node/logs/cri_log.h"

namespace plinth::node {

std::optional<LogEntry> parse_log_entry(std::string_view line) {
  LogEntry entry;
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  entry.time = line.substr(0, first);
  line.remove_prefix(first + 1);
  const std::size_t second = line.find(' ');
  const std::string_view stream = line.substr(0, second);
  if (second == std::string_view::npos || (stream != "stdout" && stream != "stderr")) return std::nullopt;
  entry.error_output = stream == "stderr";
  line.remove_prefix(second + 1);
  // Tags may be more than one: "P:x:y". The first counts.
  const std::size_t third = line.find(' ');
  const std::string_view tags = line.substr(0, third);
  if (tags.empty() || (tags[0] != 'P' && tags[0] != 'F') || (tags.size() > 1 && tags[1] != ':')) return std::nullopt;
  entry.partial = tags[0] == 'P';
  entry.text = third == std::string_view::npos ? std::string_view() : line.substr(third + 1);
  return entry;
}

}  // namespace plinth::node
